import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import type {
  TraceEnd,
  TraceListener,
  TraceRequest,
  Tracer,
  TraceStep,
} from "../../../src/datamodel/datastore/trace.ts";
import { refuse } from "../../../src/datamodel/error.ts";
import { bridge } from "./models.ts";
import { Session } from "./session.ts";

const method = "yangplane.core.v1.TraceService/Trace";
const response = "yangplane.core.v1.TraceResponse";

/** A trace that the test is the data plane of. */
class ScriptedTracer implements Tracer {
  request: TraceRequest | undefined;
  listener: TraceListener | undefined;
  signal: AbortSignal | undefined;
  end: (end: TraceEnd) => void = () => undefined;
  refusal: Error | undefined;

  trace(request: TraceRequest, listener: TraceListener, signal: AbortSignal): Promise<TraceEnd> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.request = request;
    this.listener = listener;
    this.signal = signal;
    listener.begun();
    return new Promise((resolve) => {
      this.end = resolve;
      signal.addEventListener("abort", () => resolve({ frames: 0, lost: 0 }));
    });
  }
}

describe("TraceService", () => {
  let session: Session;
  let tracer: ScriptedTracer;
  beforeEach(async () => {
    tracer = new ScriptedTracer();
    session = await Session.open(bridge, {}, { tracer });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  async function trace(request: object) {
    const stream: ClientReadableStream<Buffer> = session.watch(method, request);
    const messages: Record<string, unknown>[] = [];
    stream.on("data", (bytes: Buffer) => messages.push(session.decode(response, bytes)));
    stream.on("error", () => undefined);
    await once(stream, "metadata");
    return { stream, messages };
  }

  const step: TraceStep = {
    frame: 3,
    timeNs: 1_795_608_000_250_001_002n,
    event: "entered",
    length: 98,
    head: Uint8Array.of(1, 2),
  };

  it("asks for what the request says, and for few frames where it does not", async () => {
    await trace({ at: "br0:p1" });
    const plain = tracer.request;
    tracer.end({ frames: 0, lost: 0 });
    const filter = { ip: "192.0.2.1", protocol: 0, port: 53 };
    await trace({ at: "veth1", frames: 7, seconds: 9, filter });

    assert.deepEqual(plain, { at: "br0:p1", frames: 10, seconds: 60, filter: {} });
    assert.deepEqual(tracer.request, { at: "veth1", frames: 7, seconds: 9, filter });
  });

  it("tells each step, and at the end how much there was", async () => {
    const { stream, messages } = await trace({ at: "br0:p1" });
    const ended = once(stream, "end");

    const steps: readonly Partial<TraceStep>[] = [
      { target: { kind: "cube", cube: "br0", port: "p1" } },
      { event: "sent", cube: "br0", target: { kind: "cube", cube: "th0", way: "egress" } },
      { event: "copied", cube: "br0", target: { kind: "device", device: "v2", port: "br0:p2" } },
      { event: "sent", cube: "th0", target: { kind: "stack", device: "v1" } },
      { event: "sent", cube: "th0", target: { kind: "none" } },
      { event: "dropped", cube: "th0", reason: "no-peer" },
    ];
    for (const one of steps) tracer.listener?.step({ ...step, ...one });
    tracer.end({ frames: 1, lost: 2 });
    await ended;

    assert.deepEqual(messages.at(-1), { end: { frames: 1, lost: "2" } });
    const told = messages.slice(0, -1).map(({ step: one }) => one as Record<string, unknown>);
    assert.deepEqual(told[0]?.["time"], { seconds: "1795608000", nanos: 250_001_002 });
    assert.deepEqual(
      told.map(({ time: _, frame: __, length: ___, head: ____, ...rest }) => rest),
      [
        { event: "EVENT_ENTERED", target: { kind: "KIND_CUBE", cube: "br0", port: "br0:p1" } },
        {
          event: "EVENT_SENT",
          cube: "br0",
          target: { kind: "KIND_CUBE", cube: "th0", way: "WAY_EGRESS" },
        },
        {
          event: "EVENT_COPIED",
          cube: "br0",
          target: { kind: "KIND_DEVICE", device: "v2", port: "br0:p2" },
        },
        { event: "EVENT_SENT", cube: "th0", target: { kind: "KIND_STACK", device: "v1" } },
        { event: "EVENT_SENT", cube: "th0", target: { kind: "KIND_NONE" } },
        { event: "EVENT_DROPPED", cube: "th0", reason: "no-peer" },
      ],
    );
    assert.deepEqual([told[0]?.["frame"], told[0]?.["length"], told[0]?.["head"]], [3, 98, "AQI="]);
  });

  it("ends the trace when the client leaves", async () => {
    const { stream } = await trace({ at: "br0:p1" });
    const { signal } = tracer;
    assert(signal);
    const left = once(signal, "abort");

    stream.cancel();

    await left;
  });

  it("ends with UNAVAILABLE when the server stops", async () => {
    const { stream } = await trace({ at: "br0:p1" });
    const failed = once(stream, "error");

    await session.stop();

    const [error] = (await failed) as [ServiceError];
    assert.equal(session.refusal(error).code, "UNAVAILABLE");
    assert.equal(tracer.signal?.aborted, true);
  });

  it("counts what a client that does not read has no room for", async () => {
    const { stream, messages } = await trace({ at: "br0:p1" });
    stream.pause();
    // More than fits connection and streams besides.
    const head = new Uint8Array(64);
    const told = 30_000;
    for (let count = 0; count < told; count += 1) tracer.listener?.step({ ...step, head });
    tracer.end({ frames: 1, lost: 5 });

    stream.resume();
    await once(stream, "end");

    const lost = told + 5 - (messages.length - 1);
    assert.ok(lost > 5);
    assert.deepEqual(messages.at(-1)?.["end"], { frames: 1, lost: String(lost) });
  });

  it("passes on why there is no trace, before any header", async () => {
    tracer.refusal = refuse("in-use", "", "another trace is running");
    const stream = session.watch(method, { at: "br0:p1" });
    stream.resume();

    const [error] = (await once(stream, "error")) as [ServiceError];

    const { code, details } = session.refusal(error);
    assert.deepEqual([code, details], ["FAILED_PRECONDITION", "request: another trace is running"]);
  });

  it("wants to know where to look", async () => {
    const stream = session.watch(method, {});
    stream.resume();

    const [error] = (await once(stream, "error")) as [ServiceError];

    assert.equal(session.refusal(error).code, "INVALID_ARGUMENT");
  });
});

describe("TraceService without a tracer", () => {
  it("is not supported", async () => {
    await using session = await Session.open(bridge);
    const stream = session.watch(method, { at: "br0:p1" });
    stream.resume();

    const [error] = (await once(stream, "error")) as [ServiceError];

    assert.equal(session.refusal(error).code, "UNIMPLEMENTED");
  });
});
