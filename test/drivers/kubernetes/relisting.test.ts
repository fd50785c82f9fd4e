import { PassThrough } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import type { KubeObject, WatchEvent } from "../../../src/drivers/kubernetes/api-types.js";
import type { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { Reflector } from "../../../src/drivers/kubernetes/reflector.js";
import { eventually } from "../../support/eventually.js";

describe("a copy of what a cluster has, while that is listed", () => {
  it("becomes what is there, whatever is changed, and taken, while it lists", async () => {
    const change = fc.record({
      name: fc.constantFrom("a", "b"),
      how: fc.constantFrom("put", "remove"),
      isTaken: fc.boolean(),
    });
    const phases = fc.tuple(...[0, 1, 2].map(() => fc.array(change, { maxLength: 6 })));
    await fc.assert(
      fc.asyncProperty(phases, async ([before = [], unlisted = [], listing = []]) => {
        const there = new Map<string, KubeObject>();
        const events: WatchEvent<KubeObject>[] = [];
        let version = 8;
        const make = ({ name, how, isTaken }: { name: string; how: string; isTaken: boolean }) => {
          const known = there.get(name);
          const resourceVersion = `${++version}`;
          const uid = known?.metadata.uid ?? resourceVersion;
          const object: KubeObject = {
            metadata: { name, uid, resourceVersion, creationTimestamp: "2026-01-01T00:00:00Z" },
          };
          if (how === "put") {
            there.set(name, object);
            events.push({ type: known ? "MODIFIED" : "ADDED", object });
          } else if (there.delete(name)) {
            events.push({ type: "DELETED", object });
          }
          if (how === "put" && isTaken) {
            copy?.take(object);
          }
        };
        let copy: Reflector<KubeObject> | null = null;
        let tell: (list: unknown) => void = () => {};
        const stream = new PassThrough();
        const fake = {
          list: () =>
            new Promise((resolve) => {
              tell = resolve;
            }),
          stream: async (_name: string, _path: string, _query: object, signal: AbortSignal) => {
            signal.addEventListener("abort", () => stream.destroy());
            return stream;
          },
        } as unknown as Cluster;
        before.forEach(make);
        const wrong: string[] = [];
        const isGone = (uid: string) =>
          events.some(({ type, object }) => type === "DELETED" && object.metadata.uid === uid);
        copy = new Reflector({
          ...{ cluster: fake, name: "pods", path: "/api/v1/namespaces/shop/pods" },
          ...{ away: () => {}, back: () => {} },
          changed: (one, other) => {
            const [was, is] = [one, other].map((object) => Number(object?.metadata.resourceVersion));
            if (other ? is! < was! : !isGone(one!.metadata.uid)) {
              wrong.push(`${one?.metadata.name} ${was} became ${is}`);
            }
          },
        });
        for (const [name, object] of there) {
          copy.objects.set(name, object);
        }
        unlisted.forEach(make);
        const list = { metadata: { resourceVersion: `${version}` }, items: [...there.values()] };
        const from = events.length;
        listing.forEach(make);
        tell(list);
        make({ name: "end", how: "put", isTaken: false });
        for (const event of events.slice(from)) {
          stream.write(`${JSON.stringify(event)}\n`);
        }
        await eventually(() => copy.objects.has("end"));
        const versions = (all: ReadonlyMap<string, KubeObject>) =>
          [...all.values()].map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort();
        expect(versions(copy.objects)).to.deep.equal(versions(there));
        expect(wrong).to.deep.equal([]);
        await copy.close();
      }),
    );
  });
});
