import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as esbuild from "esbuild";

/** One of the example pages, bundled as its own `npm start` does it and served from an origin of its own. */
export class PageServer {
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  /** @param folder of the example, e.g. `examples/clients/apollo` */
  static async start(folder: string): Promise<PageServer> {
    const files = new Map([
      ["/", { type: "text/html", content: readFileSync(join(folder, "public", "index.html")) }],
    ]);
    for (const { path, contents } of await bundle(folder)) {
      const name = path.endsWith(".css") ? "/main.css" : "/main.js";
      files.set(name, {
        type: name.endsWith("css") ? "text/css" : "text/javascript",
        content: Buffer.from(contents),
      });
    }
    const server = createServer(({ url }, response) => {
      const file = files.get(url ?? "");
      response.writeHead(file ? 200 : 404, {
        "content-type": `${file?.type ?? "text/plain"}; charset=utf-8`,
      });
      response.end(file?.content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return new PageServer(server, `http://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    // Its compiler is a process, which all bundles of this run share.
    await esbuild.stop();
  }
}

async function bundle(folder: string): Promise<esbuild.OutputFile[]> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(folder, "src", "main.ts")],
    outdir: "public",
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  return outputFiles;
}
