# Rebake with what PROCESS environments need: Node.js, npm and git. The base image has all three; with a slim one,
# install git and ca-certificates in the last stage.
ARG NODE_IMAGE=node:20-bookworm

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund --loglevel=error
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund --loglevel=error

FROM ${NODE_IMAGE}
WORKDIR /app
ENV NODE_ENV=production HOME=/var/lib/rebake HOST=0.0.0.0 PORT=4000 REBAKE_HOME=/var/lib/rebake REBAKE_SERVICE_HOST=0.0.0.0
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/examples ./examples
RUN useradd --uid 10001 --home-dir /var/lib/rebake --no-create-home --shell /usr/sbin/nologin rebake \
  && install -d -o rebake -g rebake -m 700 /var/lib/rebake
USER rebake
VOLUME /var/lib/rebake
EXPOSE 4000
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node.js is no init: start the container with --init, so that what apps leave behind is reaped.
CMD ["node", "--max-semi-space-size=32", "dist/src/main.js"]
