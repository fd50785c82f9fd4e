import { expect } from "chai";
import { EngineAway, EngineRefusal } from "../../../src/drivers/engine/answers.js";
import type { KubeObject } from "../../../src/drivers/kubernetes/api-types.js";
import type { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { Reflector, type ReflectorOptions } from "../../../src/drivers/kubernetes/reflector.js";
import { eventually } from "../../support/eventually.js";
import { answer, refusal, type Script, ScriptedApi } from "./scripted-api.js";

const path = "/api/v1/namespaces/shop/pods";

describe("a copy of what a cluster has", () => {
  let api: ScriptedApi;
  let cluster: Cluster;
  let reflector: Reflector<KubeObject> | null = null;
  /** What was told, e.g. `+a`, `~a`, `-a`. */
  let told: string[];

  beforeEach(async () => {
    api = await ScriptedApi.open();
    cluster = await api.cluster();
    told = [];
  });

  afterEach(async () => {
    const closed = reflector?.close();
    cluster.close();
    await closed;
    await api.close();
    reflector = null;
  });

  function begin(options: Partial<ReflectorOptions> = {}): Reflector<KubeObject> {
    reflector = new Reflector({
      ...{ cluster, name: "pods", path },
      changed: (before, after) => {
        const sign = before ? (after ? "~" : "-") : "+";
        told.push(`${sign}${(after ?? before)!.metadata.name}`);
      },
      away: (error) => told.push(`away: ${(error as Error).message}`),
      back: () => told.push("back"),
      ...options,
    });
    return reflector;
  }

  const hears = (...expected: string[]) =>
    eventually(() => expect(told).to.deep.equal(expected) && true, { what: `hear ${expected.join(" ")}` });
  const watches = (times = 1) =>
    eventually(() => api.queriesOf("watch pods").length >= times && api.watching > 0);
  const lists = () => api.queriesOf("list pods").length;

  it("is what is listed, then what is watched from there on", async () => {
    api.put("pods", "a");
    const { metadata } = api.put("pods", "b");
    const copy = begin();
    await watches();
    await hears("+a", "+b", "back");
    expect(copy.isFresh).to.equal(true);
    const [query] = api.queriesOf("watch pods");
    expect(Object.fromEntries(query!)).to.include({
      ...{ watch: "true", allowWatchBookmarks: "true", resourceVersion: metadata.resourceVersion },
    });
    expect(Number(query!.get("timeoutSeconds"))).to.be.within(300, 360);
    api.put("pods", "a");
    api.put("pods", "c");
    api.remove("pods", "b");
    await hears("+a", "+b", "back", "~a", "+c", "-b");
    expect([...copy.objects.keys()]).to.deep.equal(["a", "c"]);
    expect(lists()).to.equal(1);
  });

  it("is of all pages of a list, watched from the version of the first", async () => {
    api.pageSize = 2;
    for (const name of ["a", "b", "c", "d", "e"]) {
      api.put("pods", name);
    }
    const copy = begin();
    await watches();
    expect([...copy.objects.keys()]).to.deep.equal(["a", "b", "c", "d", "e"]);
    expect(api.queriesOf("list pods").map((query) => query.get("continue"))).to.deep.equal([null, "2", "4"]);
    expect(api.queriesOf("list pods").every((query) => query.get("limit") === "500")).to.equal(true);
  });

  it("begins with the list again when a page has expired", async () => {
    api.pageSize = 1;
    api.put("pods", "a");
    api.put("pods", "b");
    api.next("list pods", answer(200, { metadata: { resourceVersion: "1", continue: "x" }, items: [] }));
    api.next("list pods", refusal(410, "Expired", "The provided continue parameter is too old"));
    begin();
    await hears("+a", "+b", "back");
  });

  it("goes on where it was when a watch ends, or is cut, without a list or a word", async () => {
    api.put("pods", "a");
    const copy = begin();
    await watches();
    const { metadata } = api.put("pods", "b");
    await hears("+a", "back", "+b");
    api.cut();
    api.put("pods", "c");
    await hears("+a", "back", "+b", "+c");
    expect(api.queriesOf("watch pods")[1]!.get("resourceVersion")).to.equal(metadata.resourceVersion);
    await watches(2);
    const version = api.bookmark();
    // What comes behind a bookmark is heard after it.
    const last = api.put("pods", "d");
    await eventually(() => copy.objects.has("d"));
    api.end();
    await watches(3);
    expect(api.queriesOf("watch pods")[2]!.get("resourceVersion")).to.equal(last.metadata.resourceVersion);
    expect(Number(last.metadata.resourceVersion)).to.be.greaterThan(version);
    expect(lists()).to.equal(1);
    expect(copy.isFresh).to.equal(true);
  });

  it("goes on from a bookmark, though nothing has happened", async () => {
    const copy = begin();
    await watches();
    const version = api.bookmark();
    // The end of a watch is heard after what was said in it.
    api.end();
    await watches(2);
    expect(api.queriesOf("watch pods")[1]!.get("resourceVersion")).to.equal(`${version}`);
    expect(copy.isFresh).to.equal(true);
  });

  const expired = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } };
  const saying: Script = (_, response) => void response.write(`${JSON.stringify(expired)}\n`);
  for (const [how, script] of [
    ["in the stream", answer(200, `${JSON.stringify(expired)}\n`)],
    ["in a stream that does not end by itself", saying],
    ["when it watches again", refusal(410, "Expired", "too old resource version: 10 (20)")],
  ] as const) {
    it(`lists again when its version has expired (410) ${how}, and tells only what differs`, async () => {
      for (const name of ["same", "changed", "gone", "again"]) {
        api.put("pods", name);
      }
      const copy = begin();
      await watches();
      const before = ["+same", "+changed", "+gone", "+again", "back"];
      await hears(...before);
      const uid = copy.objects.get("again")!.metadata.uid;
      api.next("watch pods", script);
      api.cut();
      api.put("pods", "changed");
      api.remove("pods", "gone");
      api.remove("pods", "again");
      api.put("pods", "again");
      api.put("pods", "new");
      await watches(3);
      expect(lists()).to.equal(2);
      expect(told.slice(before.length)).to.have.members(["~changed", "-gone", "~again", "+new"]);
      expect(copy.objects.get("again")!.metadata.uid).not.to.equal(uid);
      expect(copy.isFresh).to.equal(true);
    });
  }

  it("tells of the end of one and the beginning of another when one is made anew under its name", async () => {
    api.put("pods", "a");
    const copy = begin();
    await watches();
    api.remove("pods", "a");
    const { metadata } = api.put("pods", "a");
    await hears("+a", "back", "-a", "+a");
    expect(copy.objects.get("a")!.metadata.uid).to.equal(metadata.uid);
  });

  it("takes what was answered to a change, and does not go back behind it", async () => {
    const first = api.put("pods", "a");
    const copy = begin();
    await watches();
    const at = (version: number, fields = {}): KubeObject => ({
      metadata: { ...first.metadata, resourceVersion: `${version}`, ...fields },
    });
    const later = Number(first.metadata.resourceVersion) + 50;
    copy.take(at(later));
    expect(copy.objects.get("a")!.metadata.resourceVersion).to.equal(`${later}`);
    copy.take(at(later - 1));
    expect(copy.objects.get("a")!.metadata.resourceVersion).to.equal(`${later}`);
    // What the watch tells of was before.
    api.put("pods", "a");
    api.put("pods", "b");
    await eventually(() => copy.objects.has("b"));
    expect(copy.objects.get("a")!.metadata.resourceVersion).to.equal(`${later}`);
    // Nor behind one that was made under its name since.
    copy.take(at(later + 2, { uid: "another" }));
    copy.take(at(later + 1));
    expect(copy.objects.get("a")!.metadata).to.include({ uid: "another", resourceVersion: `${later + 2}` });
    // One that is not known is gone already for whoever asks.
    api.remove("pods", "a");
    api.put("pods", "c");
    await eventually(() => copy.objects.has("c"));
    expect(copy.objects.has("a")).to.equal(true);
  });

  it("is away for as long as the cluster is, says so each time, and is back once it is watched again", async () => {
    const { metadata } = api.put("pods", "a");
    const copy = begin();
    await watches();
    const bringBack = await api.goAway();
    await eventually(() => told.filter((one) => one.startsWith("away")).length >= 2);
    expect(copy.isFresh).to.equal(false);
    // Nothing was told in between, least of all that it is back.
    expect(told.slice(0, 2)).to.deep.equal(["+a", "back"]);
    expect(told.slice(2).every((one) => one.startsWith("away: ECONN"))).to.equal(true);
    await bringBack();
    api.put("pods", "b");
    await eventually(() => copy.isFresh && copy.objects.has("b"));
    expect(told.filter((one) => !one.startsWith("away"))).to.deep.equal(["+a", "back", "back", "+b"]);
    expect(lists()).to.equal(1);
    expect(api.queriesOf("watch pods").at(-1)!.get("resourceVersion")).to.equal(metadata.resourceVersion);
  });

  it("is away when nothing answers, though the connection stands", async () => {
    const hang = () => {};
    api.next("watch pods", hang);
    const errors: unknown[] = [];
    const copy = begin({ patience: { answer: 50, silence: 100_000 }, away: (error) => errors.push(error) });
    await eventually(() => errors.length > 0);
    expect(errors[0])
      .to.be.instanceOf(EngineAway)
      .with.property("message", "it did not answer within 0.05 s");
    expect(copy.isFresh).to.equal(false);
    await watches(2);
    await eventually(() => copy.isFresh);
  });

  it("begins anew when nothing was said for too long, where it was", async () => {
    const { metadata } = api.put("pods", "a");
    const copy = begin({ patience: { answer: 10_000, silence: 50 } });
    await watches(3);
    expect(told).to.deep.equal(["+a", "back"]);
    expect(copy.isFresh).to.equal(true);
    expect(lists()).to.equal(1);
    expect(api.queriesOf("watch pods").at(-1)!.get("resourceVersion")).to.equal(metadata.resourceVersion);
  });

  it("waits for as long as it is told to when it may not list (429)", async () => {
    api.put("pods", "a");
    api.next("list pods", refusal(429, "TooManyRequests", "slow down", { "retry-after": "1" }));
    begin();
    await hears("+a", "back");
    const [first, second] = api.asked.filter(({ what }) => what === "list pods").map(({ at }) => at);
    expect(second! - first!).to.be.at.least(990);
  });

  it("tells why it may not list or watch, and tries again", async () => {
    const errors: unknown[] = [];
    api.next("list pods", refusal(403, "Forbidden", "pods is forbidden"));
    api.next("watch pods", refusal(429, "TooManyRequests", "slow down"));
    api.next("watch pods", answer(500, "etcdserver: leader changed"));
    const copy = begin({ away: (error) => errors.push(error) });
    await watches(3);
    await eventually(() => copy.isFresh);
    // That it has too much to do says nothing of how things are: it is asked again.
    expect(errors.map((error) => (error as Error).message)).to.deep.equal([
      "pods is forbidden",
      "etcdserver: leader changed",
    ]);
    expect(errors[0]).to.be.instanceOf(EngineRefusal);
    expect(errors[1]).to.be.instanceOf(EngineAway);
    expect(lists()).to.equal(2);
  });

  it("is not asked for in a tight loop, whatever is answered", async () => {
    const end = answer(200, "");
    const nonsense = answer(200, "nonsense\n");
    const refused = answer(500, "no");
    api.next("watch pods", end, end, answer(200, `${JSON.stringify(expired)}\n`), nonsense, refused);
    begin();
    const times = () => api.asked.filter(({ what }) => what === "watch pods").map(({ at }) => at);
    await eventually(() => times().length >= 4);
    const gaps = times().map((at, index, all) => at - (all[index - 1] ?? 0));
    expect(Math.min(...gaps.slice(1))).to.be.at.least(450);
    // Each time longer.
    expect(gaps[3]!).to.be.greaterThan(gaps[1]! * 1.5);
  });

  it("ends at once, whatever it is at", async () => {
    const ends = async (what: string) => {
      const began = Date.now();
      await reflector!.close();
      expect(Date.now() - began, what).to.be.lessThan(1_000);
    };
    begin();
    await watches();
    await ends("watching");
    api.next("watch pods", () => {});
    const asked = api.queriesOf("watch pods").length;
    begin();
    await eventually(() => api.queriesOf("watch pods").length > asked);
    await ends("not answered");
    await api.close();
    begin();
    await eventually(() => told.some((one) => one.startsWith("away")));
    await ends("pausing");
    api = await ScriptedApi.open();
  });

  it("keeps what was taken while it listed again, unless the list is of after that", async () => {
    api.put("pods", "changed");
    const copy = begin();
    await watches();
    await hears("+changed", "back");
    let go: (() => void) | undefined;
    api.next("list pods", (request, response) => {
      const body = { metadata: { resourceVersion: `${api.bookmark()}` }, items: [...copy.objects.values()] };
      go = () => answer(200, body)(request, response);
    });
    api.next("watch pods", refusal(410, "Expired", "too old resource version"));
    api.end();
    await eventually(() => go);
    for (const name of ["changed", "made"]) {
      copy.take(api.put("pods", name));
    }
    const changed = copy.objects.get("changed")!;
    // It was made, and went, before the list.
    copy.take({ metadata: { ...changed.metadata, name: "gone", uid: "gone", resourceVersion: "1" } });
    go!();
    await watches(3);
    await hears("+changed", "back", "~changed", "+made", "+gone", "-gone");
    expect(copy.objects.get("changed")).to.equal(changed);
    api.remove("pods", "made");
    await eventually(() => !copy.objects.has("made"));
  });

  it("begins with what is listed, also where a cluster counts from an earlier version again", async () => {
    const { metadata } = api.put("pods", "a");
    api.put("pods", "b");
    const copy = begin();
    await watches();
    const items = [{ spec: {}, metadata: { ...metadata, resourceVersion: "3" } }];
    api.next("list pods", answer(200, { metadata: { resourceVersion: "4" }, items }));
    api.next("watch pods", refusal(410, "Expired", "too old resource version"), () => {});
    api.end();
    await eventually(() => api.queriesOf("watch pods").length >= 3);
    expect([...copy.objects.values()].map((one) => one.metadata.resourceVersion)).to.deep.equal(["3"]);
  });
});
