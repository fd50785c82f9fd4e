/** A service behind the gateway. */
export interface Upstream {
  /** What nginx calls it: letters, digits and underscores. */
  name: string;
  /** host:port, or a variable of the recipe that has it. */
  address: string;
  /** Requests whose path begins with this go to it; the rest of the path is handed on. Ends in /. */
  path: string;
}

/**
 * The configuration of a gateway, as a file of a recipe: `${…}` is for Rebake, `$…` for nginx. nginx writes nothing
 * to disk: bodies are streamed both ways, and what it needs of folders lies beside this file.
 *
 * Names are looked up again each second, all addresses of one are used in turn, and each request has a connection of its
 * own: so replicas that are new get requests at once, and those that are about to end get no more. One that refuses the
 * connection, or does not answer it within 2 seconds, is passed over.
 */
export function nginxConf(upstreams: readonly Upstream[]): string {
  const lines = [
    "worker_processes 1;",
    "worker_shutdown_timeout 30s;",
    "pid ${REBAKE_FILES}/etc/nginx/nginx.pid;",
    "error_log stderr warn;",
    "events { worker_connections 8192; }",
    "http {",
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `  ${kind}_temp_path \${REBAKE_FILES}/etc/nginx/${kind}_temp;`,
    ),
    "  access_log off;",
    "  map $http_upgrade $connection_header { default upgrade; '' close; }",
    "  # Made at the start: the name servers of the container or host.",
    "  include ${REBAKE_FILES}/etc/nginx/resolver.conf;",
    "  server {",
    "    listen ${REBAKE_PORT};",
    "    location = /healthz { default_type text/plain; return 200 ok; }",
    ...upstreams.flatMap(({ name, address, path }) => [
      `    location ${path} {`,
      `      set $${name} ${address};`,
      ...(path === "/" ? [] : [`      rewrite (?s)^${path}(.*)$ /$1 break;`]),
      `      proxy_pass http://$${name};`,
      "      proxy_http_version 1.1;",
      "      proxy_connect_timeout 2s;",
      "      proxy_next_upstream_tries 3;",
      "      proxy_set_header Host $host;",
      "      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
      "      proxy_set_header X-Forwarded-Proto $scheme;",
      "      proxy_set_header Upgrade $http_upgrade;",
      "      proxy_set_header Connection $connection_header;",
      "      proxy_buffering off;",
      "      proxy_request_buffering off;",
      "      proxy_read_timeout 1h;",
      "    }",
    ]),
    "  }",
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * Starts nginx with the file in `NGINX_CONF`. nginx looks names up by itself, not as its host does: it has to be told
 * where, which /etc/resolv.conf knows. In a swarm that is the engine, in a cluster its DNS, which have the addresses of services.
 */
export const nginxCommand = [
  "sh",
  "-c",
  [
    `servers=$(awk '$1 == "nameserver" && $2 !~ /%/ { print ($2 ~ /:/ ? "[" $2 "]" : $2) }' /etc/resolv.conf | tr '\\n' ' ')`,
    `echo "resolver \${servers:-127.0.0.1} valid=1s ipv6=off;" > "\${NGINX_CONF%/*}/resolver.conf"`,
    `exec nginx -e stderr -c "$NGINX_CONF" -g 'daemon off;'`,
  ].join("\n"),
];
