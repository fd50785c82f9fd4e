import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { type Answer, type ApiServer, apiServer } from "./api-server.js";

const [app, local, stranger] = [
  "https://app.example.org",
  "http://localhost:5173",
  "https://evil.example.org",
];
const question = { query: "{ environments { code } }" };

/** What a browser asks before it sends a query: JSON and the token's header are not "simple". */
function preflight(api: ApiServer, origin: string): Promise<Answer> {
  const headers = {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
  };
  return api.fetch("/graphql", { method: "OPTIONS", headers });
}

/** The headers that tell a browser what to let pages do. */
function granted({ headers }: Answer): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));
}

describe("CORS", () => {
  const database = testDatabase();
  const api = apiServer(database, { corsOrigins: [app, local] });

  for (const origin of [app, local]) {
    it(`lets pages of ${origin} send queries with a token`, async () => {
      const answer = await preflight(api.current, origin);
      expect(answer.status).to.equal(204);
      expect(granted(answer)).to.deep.equal({
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization,content-type",
        "access-control-expose-headers": "X-Request-Id",
        "access-control-max-age": "3600",
      });
      expect(answer.headers.get("vary")).to.match(/Origin/);
    });

    it(`lets pages of ${origin} read answers and their request id, but send no cookies`, async () => {
      const answer = await api.current.post(question, { origin });
      expect(answer.body.data).to.deep.equal({ environments: [] });
      expect(granted(answer)).to.deep.equal({
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "X-Request-Id",
      });
      expect(answer.headers.get("vary")).to.match(/Origin/);
    });
  }

  it("lets their pages read errors, too", async () => {
    const unknown = await api.current.post(question, { origin: app, authorization: "Bearer wrong" });
    expect([unknown.status, granted(unknown)["access-control-allow-origin"]]).to.deep.equal([401, app]);
    const malformed = await api.current.post("{", { origin: app });
    expect([malformed.status, granted(malformed)["access-control-allow-origin"]]).to.deep.equal([400, app]);
  });

  for (const origin of [stranger, "null", `${app}.evil.example`, "http://app.example.org", `${app}:444`]) {
    it(`lets pages of ${origin} neither ask nor read`, async () => {
      expect((await preflight(api.current, origin)).headers.get("access-control-allow-origin")).to.equal(
        null,
      );
      const answer = await api.current.post(question, { origin });
      expect(answer.headers.get("access-control-allow-origin")).to.equal(null);
    });
  }

  it("is of no concern to programs, which have no origin", async () => {
    const answer = await api.current.post(question);
    expect(answer.body.data).to.deep.equal({ environments: [] });
    expect(answer.headers.get("access-control-allow-origin")).to.equal(null);
  });
});

describe("CORS for all", () => {
  const database = testDatabase();
  const api = apiServer(database, { corsOrigins: "*" });

  it("lets every page ask and read, without cookies", async () => {
    for (const answer of [
      await preflight(api.current, stranger),
      await api.current.post(question, { origin: stranger }),
    ]) {
      expect(granted(answer)).to.include({ "access-control-allow-origin": "*" });
      expect(granted(answer)).not.to.have.property("access-control-allow-credentials");
    }
  });
});

describe("CORS for none", () => {
  const database = testDatabase();
  const api = apiServer(database);

  it("says nothing that would let a page ask or read", async () => {
    expect(granted(await preflight(api.current, app))).to.deep.equal({});
    expect(granted(await api.current.post(question, { origin: app }))).to.deep.equal({});
  });
});
