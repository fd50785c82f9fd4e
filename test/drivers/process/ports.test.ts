import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { freePort, PublishedPorts } from "../../../src/drivers/process/ports.js";
import { tempFolder } from "../../support/temp-folder.js";
import { specOf } from "../bench.js";

describe("published ports", () => {
  const folder = tempFolder();
  const { ports } = specOf({ ports: [{ name: "http", target: 80, published: null }] });
  const open = () =>
    new PublishedPorts(join(folder.path, "ports.json"), "127.0.0.1", { from: 26_900, to: 26_999 });

  it("stay a service's own, also after the next start", async () => {
    const first = open();
    const one = (await first.assign("one", ports)).get("http");
    const two = (await first.assign("two", ports)).get("http");
    expect(two).not.to.equal(one);
    expect((await open().assign("two", ports)).get("http")).to.equal(two);
  });

  it("are not handed out anew when what is on disk cannot be read", async () => {
    await writeFile(join(folder.path, "ports.json"), "{ half");
    let failed = false;
    await open()
      .assign("one", ports)
      .catch(() => {
        failed = true;
      });
    expect(failed).to.equal(true);
  });
});

describe("ports of instances", () => {
  it("are below those of outgoing connections, free, and each another", async () => {
    const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()));
    expect(new Set(ports).size).to.equal(200);
    expect(Math.max(...ports)).to.be.below(32_768);
    expect(Math.min(...ports)).to.be.at.least(10_000);
    const server = createServer().listen(ports[0], "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
  });
});
