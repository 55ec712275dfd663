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
import { getNode, invokeByPath } from "./datastore-service.ts";
import { Health } from "./health.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import type { ProtoMethod, ProtoService } from "./proto-model.ts";
import { Reflection } from "./reflection.ts";
import { getModule, listModules } from "./schema-service.ts";
import { apply, applyStream } from "./transaction-service.ts";
import { typedUnary } from "./typed-service.ts";
import { type Caller, endWithServer, reported, unary } from "./unary.ts";
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
  [`${core}.SchemaService`]: { ListModules: listModules, GetModule: getModule },
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
  for (const service of api.generated) {
    addService(server, service, (method) => typedHandler(api, method));
  }
  addReflection(server, api);
  server.addService(getChannelzServiceDefinition(), { ...getChannelzHandlers() });
  const generated = api.generated.map(({ fullName }) => fullName);
  const names = [...Object.keys(coreMethods), `${core}.TransactionService`, ...generated];
  const health = new Health(api, names);
  addService(server, api.service("grpc.health.v1.Health"), (method) => health.handler(method));
  return () => health.stop();
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
      return (stream: ServerWritableStream<Buffer, Buffer>) => {
        const error = refuse("operation-not-supported", "", "nothing sends this notification yet");
        stream.emit("error", reported(api, stream.getPath(), error));
      };
    default:
      return unary(api, method.response, typedUnary(typed, binding.verb));
  }
}

function addReflection(server: Server, api: Api): void {
  const reflection = new Reflection(api.descriptors);
  for (const version of ["v1", "v1alpha"]) {
    const service = api.service(`grpc.reflection.${version}.ServerReflection`);
    addService(server, service, (method) => (stream: ServerDuplexStream<Buffer, Buffer>) => {
      const forget = endWithServer(api, stream);
      stream.on("data", (bytes: Buffer) => {
        try {
          const request = api.decoder().plain(method.request, bytes);
          stream.write(api.encoder.encode(method.response, reflection.answer(request)));
        } catch (error) {
          stream.emit("error", reported(api, stream.getPath(), error));
        }
      });
      stream.on("end", () => {
        forget();
        stream.end();
      });
    });
  }
}

/** Handlers get and give bytes: decoding is ours, so that what is wrong has a status and a path. */
function addService(
  server: Server,
  service: ProtoService,
  handlerOf: (method: ProtoMethod) => UntypedHandleCall,
): void {
  const bytes = (value: Buffer): Buffer => value;
  const definition = Object.fromEntries(
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
  ) satisfies ServiceDefinition;
  const handlers = service.methods.map((method) => [method.name, handlerOf(method)] as const);
  server.addService(definition, Object.fromEntries(handlers));
}
