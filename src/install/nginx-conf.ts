/** A service behind the gateway. */
export interface Upstream {
  /** What nginx calls it. */
  name: string;
  /** host:port, or a variable of the recipe that has it. */
  address: string;
  /** Requests whose path begins with this go to it; the rest of the path is handed on. Ends in /. */
  path: string;
}

/**
 * The configuration of a gateway, as a file of a recipe: `${…}` is for Rebake, `$…` for nginx. nginx writes nothing
 * to disk: bodies are streamed both ways, and what it needs of folders lies beside this file. A connection to a service
 * is given up after 4 idle seconds, before Node.js does so after 5.
 */
export function nginxConf(upstreams: readonly Upstream[]): string {
  const lines = [
    "worker_processes 1;",
    "pid ${REBAKE_FILES}/etc/nginx/nginx.pid;",
    "error_log stderr warn;",
    "events { worker_connections 1024; }",
    "http {",
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `  ${kind}_temp_path \${REBAKE_FILES}/etc/nginx/${kind}_temp;`,
    ),
    "  access_log off;",
    "  map $http_upgrade $connection_header { default upgrade; '' ''; }",
    ...upstreams.flatMap(({ name, address }) => [
      `  upstream ${name} {`,
      `    server ${address} max_fails=0;`,
      "    keepalive 16;",
      "    keepalive_timeout 4s;",
      "  }",
    ]),
    "  server {",
    "    listen ${REBAKE_PORT};",
    "    location = /healthz { default_type text/plain; return 200 ok; }",
    ...upstreams.flatMap(({ name, path }) => [
      `    location ${path} {`,
      `      proxy_pass http://${name}/;`,
      "      proxy_http_version 1.1;",
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
