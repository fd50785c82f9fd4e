import { expect } from "chai";
import { serverAudits } from "graphql-http";
import { testDatabase } from "../support/cluster.js";
import { apiServer } from "./api-server.js";

describe("GraphQL over HTTP, as graphql-http audits it", () => {
  const database = testDatabase();
  const api = apiServer(database);

  // Their addresses are not known while tests are declared, only the audits' names are.
  const url = () => `${api.current.url}/graphql`;
  const fetchFn = (address: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${api.current.token}`);
    return fetch(address, { ...init, headers });
  };
  const audits = serverAudits({ url, fetchFn });

  it("has all the audits this version was made with", () => {
    expect(audits).to.have.lengthOf(61);
  });

  for (const { id, name, fn } of audits) {
    it(`${name} (${id})`, async () => {
      const result = await fn();
      if (result.status !== "ok") {
        expect.fail(`${result.status}: ${result.reason}, answered ${await result.response.clone().text()}`);
      }
    });
  }
});
