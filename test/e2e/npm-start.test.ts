import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { processesOf } from "../support/processes.js";
import { tempFolder } from "../support/temp-folder.js";

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** `npm start` without npm, as the leader of a process group: what Ctrl-C in a terminal reaches. */
class Terminal {
  readonly lines: string[] = [];
  readonly child: ChildProcess;

  constructor(private readonly home: string) {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      PORT: "0",
      REBAKE_HOME: home,
      REBAKE_LOG_FORMAT: "pretty",
      REBAKE_SERVICE_PORTS: "25000-25099",
    };
    delete env.DATABASE_URL;
    this.child = spawn(process.execPath, ["scripts/start.mjs"], {
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => this.lines.push(line));
    }
  }

  get text(): string {
    return this.lines.join("\n");
  }

  async welcomed(): Promise<void> {
    await eventually(
      () => {
        expect(this.child.exitCode, this.text).to.equal(null);
        return this.text.includes("Ctrl-C stops everything.");
      },
      { deadline: 60_000 },
    );
  }

  /** Like Ctrl-C: all of the group get it. Returns the exit code. */
  async interrupt(): Promise<number | null> {
    const closed = once(this.child, "close");
    process.kill(-this.child.pid!, "SIGINT");
    await closed;
    return this.child.exitCode;
  }

  /** Ends what a failed test left: the server, then its database and apps, which have groups of their own. */
  kill(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      process.kill(-this.child.pid!, "SIGKILL");
    }
    for (const line of processesOf(this.home)) {
      signal(Number.parseInt(line, 10));
    }
  }
}

interface Services {
  data: { services: { edges: { node: { name: string; state: string; revision: number } }[] } };
}

describe("npm start in a terminal", function () {
  this.timeout(120_000);
  const folder = tempFolder();
  const home = () => join(folder.path, "home");
  const terminals: Terminal[] = [];
  let token = "";

  afterEach(() => {
    for (const terminal of terminals.splice(0)) {
      terminal.kill();
    }
  });

  function start(): Terminal {
    terminals.push(new Terminal(home()));
    return terminals.at(-1)!;
  }

  /** Asks the way the printed example does, until the services that come with Rebake are deployed. */
  async function servicesDeployed(url: string): Promise<void> {
    const query = "{ services { edges { node { name state revision } } } }";
    await eventually(
      async () => {
        const response = await fetch(url, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ query }),
        });
        const { data } = (await response.json()) as Services;
        const states = data.services.edges.map(({ node }) => `${node.name} ${node.state} ${node.revision}`);
        return states.length >= 2 && states.every((state) => / RUNNING 1$/.test(state));
      },
      { deadline: 60_000, what: "all services are deployed" },
    );
  }

  it("says where the API and the token are, shows the token, and three operations to paste", async () => {
    const terminal = start();
    await terminal.welcomed();
    token = (await readFile(join(home(), "admin-token"), "utf8")).trim();
    expect(token.length).to.be.greaterThan(20);
    const url = /Rebake is ready at (http:\/\/127\.0\.0\.1:\d+\/graphql)$/m.exec(terminal.text)?.[1];
    expect(url, terminal.text).to.be.a("string");
    expect(terminal.text).to.contain(`Admin token: ${token} `);
    expect(terminal.text).to.contain(join(home(), "admin-token"));
    expect(terminal.text.split(token)).to.have.length(2);
    expect(terminal.text).to.contain(`curl -s ${url} `);
    expect(terminal.text).to.match(/^ +mutation \{ bumpRecipe\(/m);
    expect(terminal.text).to.match(/^ +subscription \{ updateAvailable /m);
    await servicesDeployed(url!);
    // The server, its database and the apps are found, or that none is left would say nothing.
    const running = processesOf(home()).join("\n");
    expect(running)
      .to.match(/start\.mjs/)
      .and.match(/postgres/)
      .and.match(/node server\.js/);
    expect(await terminal.interrupt(), terminal.text).to.equal(0);
    expect(processesOf(home())).to.deep.equal([]);
  });

  it("keeps the token to itself from the second start on", async () => {
    const terminal = start();
    await terminal.welcomed();
    expect(terminal.text).to.contain(`Admin token: in the file ${join(home(), "admin-token")}`);
    expect(terminal.text).not.to.contain(token);
    expect((await readFile(join(home(), "admin-token"), "utf8")).trim()).to.equal(token);
    expect(await terminal.interrupt(), terminal.text).to.equal(0);
    expect(processesOf(home())).to.deep.equal([]);
  });
});
