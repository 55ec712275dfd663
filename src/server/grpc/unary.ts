import type { EventEmitter } from "node:events";
import type {
  handleUnaryCall,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from "@grpc/grpc-js";
import { CommitError, refuse } from "../../datamodel/error.ts";
import { userOf } from "../access.ts";
import { refusalOf } from "../status.ts";
import type { Api } from "./api.ts";
import { grpcStatus } from "./error-status.ts";
import type { PlainMessage } from "./leaf-codec.ts";

/** Bytes of one message, either way; gRPC's own default. */
export const messageSizeMax = 4 * 1024 * 1024;

/** Who calls, and a signal for when nobody waits for the answer any more. */
export interface Caller {
  readonly user: string;
  /** `grpc TransactionService/Apply`. */
  readonly call: string;
  readonly signal: AbortSignal;
  /** False for who is connected through a network. */
  readonly isOnSocket: boolean;
}

export type Unary = (request: Buffer, caller: Caller) => Promise<PlainMessage> | PlainMessage;

/** Makes a handler of a function from request bytes to the response's fields. */
export function unary(api: Api, response: string, run: Unary): handleUnaryCall<Buffer, Buffer> {
  return (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
    const caller = callerOf(call);
    Promise.resolve()
      .then(() => run(call.request, caller))
      .then((message) => reply(null, encodeReply(api, response, message)))
      .catch((error) => reply(reported(api, call.getPath(), error)));
  };
}

type Call =
  | ServerUnaryCall<Buffer, Buffer>
  | ServerDuplexStream<Buffer, Buffer>
  | ServerReadableStream<Buffer, Buffer>
  | ServerWritableStream<Buffer, Buffer>;

export function callerOf(call: Call): Caller {
  const controller = new AbortController();
  // grpc-js also cancels a call whose deadline has passed.
  if (call.cancelled) controller.abort();
  else (call as EventEmitter).once("cancelled", () => controller.abort());
  return {
    user: userOf(call.getAuthContext()?.sslPeerCertificate),
    call: `grpc ${call.getPath().replace(/^\/(.*\.)?/, "")}`,
    signal: controller.signal,
    // A Unix socket has no address of the other side.
    isOnSocket: call.getPeer() === "unknown",
  };
}

/** What a call that would last as long as its client wants is ended with. */
export function stopping(): CommitError {
  return new CommitError("unavailable", "the server is stopping");
}

/** @throws RequestError for a message no client would take */
export function encodeReply(api: Api, response: string, message: PlainMessage): Buffer {
  const bytes = api.encoder.encode(response, message);
  if (bytes.length <= messageSizeMax) return bytes;
  const size = `the reply has ${bytes.length} bytes, more than ${messageSizeMax}`;
  throw refuse(
    "too-big",
    "",
    `${size}: name what you need in read_mask, or ask for a smaller page`,
  );
}

/**
 * The status of an error; one that is our fault is logged, since the client learns nothing of it.
 */
export function reported(api: Api, method: string, error: unknown) {
  if (refusalOf(error) === undefined) {
    const stack = error instanceof Error ? error.stack : String(error);
    api.log("error", "unexpected error", { method, stack });
  }
  return grpcStatus(error, api.encoder);
}
