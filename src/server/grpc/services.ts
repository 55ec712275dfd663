import { once } from "node:events";
import {
  getChannelzHandlers,
  getChannelzServiceDefinition,
  type Server,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { refuse } from "../../datamodel/error.ts";
import { type Api, methodPath } from "./api.ts";
import { getCube, listCubes } from "./cube-service.ts";
import { verify } from "./dataplane-service.ts";
import { getNode, invokeByPath } from "./datastore-service.ts";
import { Health } from "./health.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { LongCall } from "./long-call.ts";
import { serveNotifications } from "./notification-stream.ts";
import type { ProtoMethod, ProtoService } from "./proto-model.ts";
import { getModule, listModules } from "./schema-service.ts";
import { listServices, loadService, unloadService } from "./service-service.ts";
import { serveTrace } from "./trace-service.ts";
import { apply, applyStream } from "./transaction-service.ts";
import { typedUnary } from "./typed-service.ts";
import { type Caller, unary } from "./unary.ts";
import { serveWatch } from "./watch.ts";

type CoreMethod = (
  api: Api,
  request: PlainMessage,
  caller: Caller,
) => PlainMessage | Promise<PlainMessage>;

const core = "yangplane.core.v1";

const coreMethods: Readonly<Record<string, Readonly<Record<string, CoreMethod>>>> = {
  [`${core}.CubeService`]: { ListCubes: listCubes, GetCube: getCube },
  [`${core}.DatastoreService`]: { Get: getNode, Invoke: invokeByPath },
  [`${core}.DataplaneService`]: { Verify: verify },
  [`${core}.SchemaService`]: { ListModules: listModules, GetModule: getModule },
  [`${core}.ServiceService`]: {
    ListServices: listServices,
    LoadService: loadService,
    UnloadService: unloadService,
  },
};

/** Adds every service to the server; the result tells health clients that all of them stop. */
export function addServices(server: Server, api: Api): () => void {
  for (const [name, methods] of Object.entries(coreMethods)) {
    addService(server, api.service(name), (method) =>
      coreHandler(api, method, methods[method.name]),
    );
  }
  addService(server, api.service(`${core}.TransactionService`), (method) =>
    method.clientStreaming
      ? applyStream(api)
      : unary(api, method.response, (bytes, caller) => apply(api, bytes, caller)),
  );
  addService(
    server,
    api.service(`${core}.TraceService`),
    (method) => (stream: ServerWritableStream<Buffer, Buffer>) => serveTrace(api, method, stream),
  );
  addReflection(server, api);
  server.addService(getChannelzServiceDefinition(), { ...getChannelzHandlers() });
  const streaming = [`${core}.TransactionService`, `${core}.TraceService`];
  const health = new Health(api, [...Object.keys(coreMethods), ...streaming]);
  addService(server, api.service("grpc.health.v1.Health"), (method) => health.handler(method));
  const typed = new TypedServices(server, api, health);
  return () => {
    typed[Symbol.dispose]();
    health.stop();
  };
}

/** The generated services, those of modules that come and go while the server runs included. */
class TypedServices implements Disposable {
  readonly #server: Server;
  readonly #api: Api;
  readonly #health: Health;
  readonly #modules: Disposable;

  constructor(server: Server, api: Api, health: Health) {
    this.#server = server;
    this.#api = api;
    this.#health = health;
    for (const service of api.generated) this.#add(service);
    this.#modules = api.datastore.subscribeSchema(({ kind, module }) => {
      if (kind === "added") for (const service of api.addModule(module)) this.#add(service);
      else for (const service of api.removeModule(module)) this.#remove(service);
    });
  }

  [Symbol.dispose](): void {
    this.#modules[Symbol.dispose]();
  }

  #add(service: ProtoService): void {
    addService(this.#server, service, (method) => typedHandler(this.#api, method));
    this.#health.add(service.fullName);
  }

  #remove(service: ProtoService): void {
    this.#server.removeService(definitionOf(service));
    this.#health.remove(service.fullName);
  }
}

function coreHandler(
  api: Api,
  method: ProtoMethod,
  run: CoreMethod | undefined,
): UntypedHandleCall {
  return unary(api, method.response, (bytes, caller) => {
    if (run === undefined) throw refuse("operation-not-supported", "", `${method.name} is missing`);
    const decoder = api.decoder();
    const request = decoder.plain(method.request, bytes);
    decoder.finish(true);
    return run(api, request, caller);
  });
}

function typedHandler(api: Api, method: ProtoMethod): UntypedHandleCall {
  const { binding } = method;
  if (binding === undefined) throw new Error(`method ${method.name} has no binding`);
  const typed = { api, method, binding };
  switch (binding.verb) {
    case "watch":
      return (stream: ServerWritableStream<Buffer, Buffer>) => serveWatch(typed, stream);
    case "notify":
      return (stream: ServerWritableStream<Buffer, Buffer>) => serveNotifications(typed, stream);
    default:
      return unary(api, method.response, typedUnary(typed, binding.verb));
  }
}

function addReflection(server: Server, api: Api): void {
  for (const version of ["v1", "v1alpha"]) {
    const service = api.service(`grpc.reflection.${version}.ServerReflection`);
    addService(server, service, (method) => (stream: ServerDuplexStream<Buffer, Buffer>) => {
      const call = new LongCall(api, stream);
      return call.run(async () => {
        stream.on("data", (bytes: Buffer) => answerReflection(api, method, { call, bytes }));
        await once(stream, "end", { signal: call.signal });
      });
    });
  }
}

function answerReflection(
  api: Api,
  method: ProtoMethod,
  { call, bytes }: { readonly call: LongCall; readonly bytes: Buffer },
): void {
  try {
    const request = api.decoder().plain(method.request, bytes);
    call.write(api.encoder.encode(method.response, api.reflection.answer(request)));
  } catch (error) {
    call.fail(error as Error);
  }
}

/** Handlers get and give bytes: decoding is ours, so that what is wrong has a status and a path. */
function addService(
  server: Server,
  service: ProtoService,
  handlerOf: (method: ProtoMethod) => UntypedHandleCall,
): void {
  const handlers = service.methods.map((method) => [method.name, handlerOf(method)] as const);
  server.addService(definitionOf(service), Object.fromEntries(handlers));
}

function definitionOf(service: ProtoService): ServiceDefinition {
  const bytes = (value: Buffer): Buffer => value;
  return Object.fromEntries(
    service.methods.map((method) => [
      method.name,
      {
        path: methodPath(service, method),
        requestStream: method.clientStreaming ?? false,
        responseStream: method.serverStreaming ?? false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    ]),
  );
}
