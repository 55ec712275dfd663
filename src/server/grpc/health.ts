import type { ServerWritableStream, UntypedHandleCall } from "@grpc/grpc-js";
import { refuse } from "../../datamodel/error.ts";
import type { Api } from "./api.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { LongCall } from "./long-call.ts";
import type { ProtoMethod } from "./proto-model.ts";
import { unary } from "./unary.ts";

/** grpc.health.v1.HealthCheckResponse.ServingStatus. */
const serving = 1;
const notServing = 2;
const serviceUnknown = 3;

type Stream = ServerWritableStream<Buffer, Buffer>;

/**
 * The standard health protocol. All services are served alike until the server stops; the empty
 * name stands for the server as a whole.
 */
export class Health {
  readonly #api: Api;
  readonly #services: Set<string>;
  readonly #watches = new Map<LongCall, { readonly service: string; readonly tell: () => void }>();
  #status = serving;

  constructor(api: Api, services: readonly string[]) {
    this.#api = api;
    this.#services = new Set(["", ...services]);
  }

  add(service: string): void {
    this.#services.add(service);
    this.#tell(service);
  }

  /** It is unknown from now on. */
  remove(service: string): void {
    this.#services.delete(service);
    this.#tell(service);
  }

  /** The handler of a method. */
  handler(method: ProtoMethod): UntypedHandleCall {
    if (method.serverStreaming) {
      return (stream: Stream) => {
        const call = new LongCall(this.#api, stream);
        return call.run(() => this.#watch(call, method, stream.request));
      };
    }
    return unary(this.#api, method.response, (bytes) => {
      const request = this.#request(method, bytes);
      return method.name === "List" ? this.#list() : this.#check(nameIn(request));
    });
  }

  /** Tells every watcher that nothing is served any more. */
  stop(): void {
    this.#status = notServing;
    for (const { tell } of this.#watches.values()) tell();
  }

  #tell(changed: string): void {
    for (const { service, tell } of this.#watches.values()) if (service === changed) tell();
  }

  #request(method: ProtoMethod, bytes: Buffer): PlainMessage {
    const decoder = this.#api.decoder();
    const request = decoder.plain(method.request, bytes);
    decoder.finish(true);
    return request;
  }

  #check(service: string): PlainMessage {
    if (this.#services.has(service)) return { status: this.#status };
    throw refuse("data-missing", "", `there is no service ${service}`);
  }

  #list(): PlainMessage {
    const value = { status: this.#status };
    return { statuses: [...this.#services].map((key) => ({ key, value })) };
  }

  async #watch(call: LongCall, method: ProtoMethod, request: Buffer): Promise<void> {
    const service = nameIn(this.#request(method, request));
    const tell = (): void => {
      const status = this.#services.has(service) ? this.#status : serviceUnknown;
      call.write(this.#api.encoder.encode(method.response, { status }));
    };
    this.#watches.set(call, { service, tell });
    tell();
    await call.woken();
    this.#watches.delete(call);
  }
}

function nameIn(request: PlainMessage): string {
  return (request["service"] as string | undefined) ?? "";
}
