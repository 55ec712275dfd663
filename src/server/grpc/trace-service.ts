import { Metadata, type ServerWritableStream } from "@grpc/grpc-js";
import type {
  TraceFilter,
  TraceRequest,
  Tracer,
  TraceStep,
  TraceTarget,
} from "../../datamodel/datastore/trace.ts";
import { refuse } from "../../datamodel/error.ts";
import type { Api } from "./api.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { LongCall } from "./long-call.ts";
import type { ProtoMethod } from "./proto-model.ts";

const defaults = { frames: 10, seconds: 60 } as const;

/** Steps that may wait for a client that reads slowly. */
const waitingMax = 10_000;

const nsPerSecond = 1_000_000_000n;

type Stream = ServerWritableStream<Buffer, Buffer>;

/** TraceService.Trace: lasts until the trace is over, its client leaves or the server stops. */
export function serveTrace(api: Api, method: ProtoMethod, stream: Stream): Promise<void> {
  const call = new LongCall(api, stream);
  return call.run(() => new TraceStream(api, method, stream).run(call));
}

class TraceStream {
  readonly #api: Api;
  readonly #method: ProtoMethod;
  readonly #stream: Stream;
  #lost = 0;

  constructor(api: Api, method: ProtoMethod, stream: Stream) {
    this.#api = api;
    this.#method = method;
    this.#stream = stream;
  }

  async run(call: LongCall): Promise<void> {
    const request = this.#request();
    const listener = {
      begun: () => this.#stream.sendMetadata(new Metadata()),
      step: (step: TraceStep) => this.#tell(step),
    };
    const { frames, lost } = await tracerOf(this.#api).trace(request, listener, call.signal);
    if (!call.isOver) this.#send({ end: { frames, lost: BigInt(lost + this.#lost) } });
  }

  #request(): TraceRequest {
    const decoder = this.#api.decoder();
    const plain = decoder.plain(this.#method.request, this.#stream.request);
    decoder.finish(true);
    const { at, filter = {}, frames, seconds } = plain;
    if (!at) throw refuse("missing-element", "", "field at is missing");
    return {
      at: String(at),
      filter: filterOf(filter as PlainMessage),
      frames: Number(frames || defaults.frames),
      seconds: Number(seconds || defaults.seconds),
    };
  }

  #tell(step: TraceStep): void {
    // gRPC's streams count messages.
    if (this.#stream.writableLength >= waitingMax) this.#lost += 1;
    else this.#send({ step: stepMessage(step) });
  }

  #send(message: PlainMessage): void {
    this.#stream.write(this.#api.encoder.encode(this.#method.response, message));
  }
}

function tracerOf({ tracer }: Api): Tracer {
  if (tracer) return tracer;
  throw refuse("operation-not-supported", "", "this server cannot trace");
}

/** A text left empty is left out. */
function filterOf({ mac, ip, ...numbers }: PlainMessage): TraceFilter {
  return { ...numbers, ...(mac ? { mac: String(mac) } : {}), ...(ip ? { ip: String(ip) } : {}) };
}

const events = { entered: 1, sent: 2, copied: 3, dropped: 4, punted: 5 } as const;
const kinds = { cube: 1, device: 2, stack: 3, none: 4 } as const;
const ways = { ingress: 1, egress: 2 } as const;

function stepMessage({ timeNs, event, target, ...step }: TraceStep): PlainMessage {
  return {
    ...step,
    time: { seconds: timeNs / nsPerSecond, nanos: Number(timeNs % nsPerSecond) },
    event: events[event],
    ...(target && { target: targetMessage(target) }),
  };
}

function targetMessage(target: TraceTarget): PlainMessage {
  const kind = kinds[target.kind];
  if (target.kind !== "cube") return { ...target, kind };
  if ("way" in target) return { ...target, kind, way: ways[target.way] };
  return { ...target, kind, port: `${target.cube}:${target.port}` };
}
