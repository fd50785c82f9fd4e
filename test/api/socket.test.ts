import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect } from "chai";
import type { WebSocket } from "ws";
import { CorkedSocket } from "../../src/api/socket.js";

describe("sockets that write in one tick", () => {
  function make(write: (frames: Buffer) => void) {
    const peer = { written: "", terminated: false };
    const ws = Object.assign(new EventEmitter(), {
      readyState: 1,
      OPEN: 1,
      terminate: () => {
        peer.terminated = true;
      },
    });
    const raw = {
      writableLength: 0,
      write: (frames: Buffer) => {
        write(frames);
        peer.written += frames.toString();
      },
    };
    const bounds = { highWater: 1_000, lowWater: 1_000 };
    const socket = new CorkedSocket(ws as unknown as WebSocket, raw as unknown as Socket, bounds);
    return { peer, socket };
  }

  it("lose one whose write fails, not what the others have to say", async () => {
    const broken = make(() => {
      throw new Error("it broke");
    });
    const [one, two] = [make(() => {}), make(() => {})];
    for (const { socket } of [one, broken, two]) {
      socket.write(Buffer.from("a"));
      socket.write(Buffer.from("b"));
    }
    await new Promise(setImmediate);
    expect([one.peer, two.peer]).to.deep.equal(Array(2).fill({ written: "ab", terminated: false }));
    expect(broken.peer).to.deep.equal({ written: "", terminated: true });
    one.socket.write(Buffer.from("c"));
    await new Promise(setImmediate);
    expect(one.peer.written).to.equal("abc");
  });
});
