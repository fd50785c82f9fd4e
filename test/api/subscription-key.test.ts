import { expect } from "chai";
import { parse } from "graphql";
import { subscriptionKey } from "../../src/api/subscription-key.js";

const key = (
  text: string,
  variables: Record<string, unknown> = {},
  scope = "all",
  name: string | null = null,
) => subscriptionKey(parse(text), name, variables, scope);

describe("the key of a subscription", () => {
  const plain = key("subscription { changes { id } }");

  it("does not depend on spelling, nor on where the subscription begins", () => {
    for (const [text, variables] of [
      ["subscription{changes{id}}", {}],
      ["# hello\nsubscription { changes { id, } }", {}],
      ['subscription { changes(after: "7") { id } }', {}],
      ["subscription ($a: Cursor) { changes(after: $a) { id } }", { a: "7" }],
      ["subscription ($b: Cursor = 1) { changes(after: $b) { id } }", { b: "8", unused: 1 }],
    ] as const) {
      expect(key(text, variables), text).to.equal(plain);
    }
  });

  it("depends on everything else", () => {
    const filtered = "subscription ($s: ID, $n: Int) { changes(services: $s) { logs(after: $n) { id } } }";
    const keys = [
      plain,
      key("subscription { changes { id name } }"),
      key("subscription { a: changes { id } }"),
      key("subscription { changes { id } }", {}, "some"),
      key("subscription A { changes { id } } subscription B { changes { id } }", {}, "all", "A"),
      key("subscription A { changes { id } } subscription B { changes { id } }", {}, "all", "B"),
      key(filtered, { s: "1", n: 1 }),
      key(filtered, { s: "2", n: 1 }),
      key(filtered, { s: "1", n: 2 }),
      key("subscription { ...Root } fragment Root on Subscription { changes(after: 1) { id } }"),
      key("subscription { ...Root } fragment Root on Subscription { changes(after: 2) { id } }"),
    ];
    expect(new Set(keys).size).to.equal(keys.length);
  });
});
