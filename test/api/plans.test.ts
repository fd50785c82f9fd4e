import { expect } from "chai";
import pg from "pg";
import { bigCatalog, fill } from "../support/big-catalog.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const big = ["service", "service_update", "operation", "recipe", "recipe_revision", "operation_log", "event"];
/** Rows of one table that a statement for a page of 20 may look at. */
const mostRows = 1_500;

const pageInfo = "pageInfo { hasNextPage endCursor } edges { cursor node { id } }";

/** Each list with each of its filters, by a common and by a rare value. */
const lists: Record<string, string[]> = {
  services: [
    "",
    "environment: E3",
    "recipe: recipe-77",
    "group: group-7",
    "state: RUNNING",
    "state: UNKNOWN",
    "hasUpdate: true",
    "hasUpdate: false",
    "search: service-777",
    "search: nothing of it",
    "environment: E3, search: serv",
  ],
  updates: [
    "",
    "environment: E1",
    "recipe: recipe-71",
    `service: svc_${"7".padStart(26, "0")}`,
    "kind: UPDATE",
    "kind: UPGRADE",
    "reason: RECIPE",
    "reason: DRIFT",
    "reason: IMAGE",
    "unread: true",
    "unread: false",
    "search: service-100",
    "search: nothing of it",
  ],
  operations: [
    "",
    "environment: E4",
    `service: svc_${"77".padStart(26, "0")}`,
    "kind: REBUILD",
    "kind: SCALE",
    "state: SUCCEEDED",
    "state: UNPROVEN",
    "state: QUEUED",
    "active: true",
    "active: false",
    "requestedBy: admin",
    "requestedBy: seldom",
    "requestedBy: nobody",
    `bulkRebuild: blk_${"7".padStart(26, "0")}`,
    "search: service-100",
    "search: nothing of it",
  ],
  recipes: [
    "",
    "type: SERVICE",
    "type: CDN",
    "subtype: rare",
    "locked: true",
    "locked: false",
    "archived: true",
    "archived: false",
    "search: recipe-100",
    "search: nothing of it",
  ],
};

/** `state: RUNNING, search: a b` as the filter's literal: what is upper case alone is an enum or a flag. */
function filterOf(text: string): string {
  const fields = text.split(", ").filter(Boolean);
  const literals = fields.map((field) => {
    const [name, value] = field.split(": ") as [string, string];
    const plain = ["state", "kind", "reason", "type"].includes(name) || /^(true|false)$/.test(value);
    return `${name}: ${plain ? value : JSON.stringify(value)}`;
  });
  return literals.length > 0 ? `filter: { ${literals.join(" ")} }, ` : "";
}

interface Scan {
  table: string;
  node: string;
  rows: number;
}

function scansOf(plan: Json): Scan[] {
  const below = (plan.Plans ?? []).flatMap(scansOf);
  if (!plan["Relation Name"]) {
    return below;
  }
  const looked = plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0);
  const scan = { table: plan["Relation Name"], node: plan["Node Type"], rows: looked * plan["Actual Loops"] };
  return [...below, scan];
}

describe("plans of lists", () => {
  const database = testDatabase();
  const api = apiServer(database);

  before(async function () {
    this.timeout(300_000);
    await fill(database.url, bigCatalog);
  });

  /** The scans of every statement that reads a page for this query. */
  async function scans(query: string, token = api.current.token): Promise<Scan[]> {
    const sent: { text: string; values: unknown[] }[] = [];
    const original = pg.Client.prototype.query;
    pg.Client.prototype.query = function (
      this: pg.Client,
      config: { text: string; values: unknown[] },
      ...rest: unknown[]
    ) {
      if (config.text?.startsWith("select")) {
        sent.push(config);
      }
      return Reflect.apply(original, this, [config, ...rest]);
    } as typeof original;
    try {
      await api.current.query(query, {}, token);
    } finally {
      pg.Client.prototype.query = original;
    }
    expect(sent).not.to.have.lengthOf(0);
    const plans = await Promise.all(
      sent.map(({ text, values }) => api.current.sql(`explain (analyze, format json) ${text}`, values)),
    );
    return plans.flatMap(([row]) => scansOf(row["QUERY PLAN"][0].Plan));
  }

  function check(found: Scan[], what: string): void {
    for (const scan of found.filter(({ table }) => big.includes(table))) {
      const told = `${what}: ${scan.node} of ${scan.table}, ${scan.rows} rows`;
      expect(scan.node, told).not.to.include("Seq Scan");
      expect(scan.rows, told).to.be.at.most(mostRows);
    }
  }

  for (const [list, filters] of Object.entries(lists)) {
    it(`of ${list} use indexes with every filter, forwards, backwards and from anywhere`, async function () {
      this.timeout(120_000);
      for (const text of filters) {
        const filter = filterOf(text);
        check(await scans(`{ ${list}(${filter}first: 20) { ${pageInfo} } }`), `${list} ${text}`);
        check(await scans(`{ ${list}(${filter}last: 20) { ${pageInfo} } }`), `${list} ${text}, backwards`);
        const { [list]: page } = await api.current.query(`{ ${list}(${filter}first: 20) { ${pageInfo} } }`);
        if (page.pageInfo.hasNextPage) {
          const after = `after: "${page.pageInfo.endCursor}", `;
          const next = `{ ${list}(${filter}${after}first: 20) { ${pageInfo} } }`;
          check(await scans(next), `${list} ${text}, the second page`);
        }
      }
    });
  }

  it("of lists below something use indexes", async () => {
    const nested = [
      `{ environment(code: "E3") { services { ${pageInfo} } updates { ${pageInfo} } } }`,
      `{ recipe(name: "recipe-77") { services { ${pageInfo} } revisions { ${pageInfo} } current { number } } }`,
      `{ operations(last: 3) { edges { node { log(last: 5) { edges { node { line } } } } } } }`,
      `{ services(first: 20) { edges { node { environment { code } recipe { name } update { since }
        operation { state } operations(last: 2) { edges { node { state } } } } } } }`,
    ];
    for (const query of nested) {
      check(await scans(query), query);
    }
  });

  it("use indexes for tokens of some environments, too", async () => {
    const token = await api.current.makeToken(["E3", "E7"]);
    for (const list of ["services", "updates", "operations"]) {
      check(await scans(`{ ${list}(first: 20) { ${pageInfo} } }`, token), list);
    }
  });

  it("count with an index", async () => {
    for (const list of ["services", "updates", "operations", "recipes"]) {
      const counts = await scans(`{ ${list}(first: 1) { totalCount } }`);
      expect(counts.map(({ node }) => node).join(), list).not.to.include("Seq Scan");
    }
  });
});
