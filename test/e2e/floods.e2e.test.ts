import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import {
  callHeaders,
  connectionPreface,
  field,
  frame,
  frameType,
} from "../support/http2-frames.ts";

const listCubes = "yangplane.core.v1.CubeService/ListCubes";
const openCall = callHeaders("/yangplane.core.v1.TransactionService/ApplyStream");
const endOfHeaders = 4;
const cancelled = Buffer.from([0, 0, 0, 8]);
const grownMiBMax = 96;

/** Frames that a client may send without end; each gets its number. */
const floods: Record<string, (index: number) => Buffer> = {
  pings: () => frame({ type: frameType.ping, payload: Buffer.alloc(8) }),
  settings: () => frame({ type: frameType.settings }),
  "calls beyond the limit": (index) =>
    frame({
      type: frameType.headers,
      flags: endOfHeaders,
      stream: 2 * index + 1,
      payload: openCall,
    }),
  "calls that are cancelled at once": (index) => {
    const stream = 2 * index + 1;
    return Buffer.concat([
      frame({ type: frameType.headers, flags: endOfHeaders, stream, payload: openCall }),
      frame({ type: frameType.reset, stream, payload: cancelled }),
    ]);
  },
  "headers without end": (index) =>
    index === 0
      ? frame({ type: frameType.headers, stream: 1, payload: openCall })
      : frame({
          type: frameType.continuation,
          stream: 1,
          payload: field(`x-${index}`, "y".repeat(100)),
        }),
  "data without content": (index) =>
    index === 0
      ? frame({ type: frameType.headers, flags: endOfHeaders, stream: 1, payload: openCall })
      : frame({ type: frameType.data, stream: 1 }),
};

const framesMax = 50_000;
const framesAtOnce = 500;
/** A peer that does not take what it is sent for this long has stopped reading. */
const stalledMs = 1_000;

describe("a client that floods its connection", () => {
  let home: DaemonHome;
  let daemon: DaemonProcess;

  before(async () => {
    home = new DaemonHome("memory");
    daemon = await home.start();
  });
  after(async () => {
    await daemon.stop();
    home[Symbol.dispose]();
  });

  const residentMiB = () => {
    const status = readFileSync(`/proc/${daemon.child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  };

  /** Sends until the daemon closes the connection or takes no more. */
  async function flood(frameOf: (index: number) => Buffer): Promise<void> {
    const connection = createConnection(home.socket).on("error", () => connection.destroy());
    await once(connection, "connect");
    connection.resume().write(connectionPreface);
    for (let sent = 0; sent < framesMax; sent += framesAtOnce) {
      const frames = Array.from({ length: framesAtOnce }, (_, index) => frameOf(sent + index));
      if (connection.write(Buffer.concat(frames))) continue;
      const taken = once(connection, "drain", { signal: AbortSignal.timeout(stalledMs) });
      const closed = new Promise((resolve) => connection.once("close", resolve));
      await Promise.race([taken, closed]).catch(() => connection.destroy());
      if (connection.destroyed) break;
    }
    connection.destroy();
  }

  for (const [title, frameOf] of Object.entries(floods)) {
    it(`with ${title} costs little memory, and others are served`, async () => {
      await daemon.client().call(listCubes, {});
      const before = residentMiB();

      await flood(frameOf);

      await daemon.client().call(listCubes, {}, { deadlineMs: 5_000 });
      const grown = residentMiB() - before;
      assert(grown < grownMiBMax, `${grown} MiB more`);
      assert.equal(daemon.errors, "");
    });
  }
});
