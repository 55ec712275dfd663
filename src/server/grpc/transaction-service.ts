import type { handleClientStreamingCall, ServerReadableStream } from "@grpc/grpc-js";
import type { CommitOutcome } from "../../datamodel/datastore/datastore.ts";
import { CommitError, RequestError, refuse, violationsMax } from "../../datamodel/error.ts";
import { Breather } from "../../lib/slices.ts";
import type { Api } from "./api.ts";
import { commitMessage, commitOptions, planMessage } from "./commit-message.ts";
import { EditReader } from "./edit-reader.ts";
import { violationMessage } from "./error-status.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { type Caller, callerOf, encodeReply, reported, stopping } from "./unary.ts";

const request = "yangplane.core.v1.ApplyRequest";
const response = "yangplane.core.v1.ApplyResponse";

/** TransactionService.Apply. */
export async function apply(api: Api, bytes: Buffer, caller: Caller): Promise<PlainMessage> {
  const transaction = new Transaction(api);
  try {
    await transaction.add(bytes);
    return await transaction.commit(caller);
  } finally {
    transaction.release();
  }
}

/** TransactionService.ApplyStream: commits when the client half-closes. */
export function applyStream(api: Api): handleClientStreamingCall<Buffer, Buffer> {
  return (call, reply) => {
    const caller = callerOf(call);
    commitStream(api, call, caller)
      .then((message) => reply(null, encodeReply(api, response, message)))
      .catch((error) => reply(reported(api, call.getPath(), error)));
  };
}

async function commitStream(
  api: Api,
  call: ServerReadableStream<Buffer, Buffer>,
  caller: Caller,
): Promise<PlainMessage> {
  const transaction = new Transaction(api);
  // What a client is still sending has changed nothing, so a server that stops need not wait.
  const stop = (): void => void call.destroy(stopping());
  api.endStreams.add(stop);
  try {
    for await (const bytes of received(call)) await transaction.add(bytes);
    api.endStreams.delete(stop);
    return await transaction.commit(caller);
  } finally {
    api.endStreams.delete(stop);
    transaction.release();
  }
}

/** The messages until the half-close. @throws CommitError if the client is gone before */
async function* received(call: ServerReadableStream<Buffer, Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* call;
  } catch (error) {
    const isGone =
      error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
    if (!isGone) throw error;
    throw new CommitError("unavailable", "the client left before the end of its stream");
  }
}

/** Edits collected from messages until they are committed. */
class Transaction {
  readonly #api: Api;
  readonly #reader: EditReader;
  readonly #breather = new Breather();
  #options: unknown;
  #messages = 0;
  #bytes = 0;

  constructor(api: Api) {
    this.#api = api;
    this.#reader = new EditReader(api);
  }

  async add(bytes: Buffer): Promise<void> {
    this.#hold(bytes.length);
    const decoder = this.#api.decoder();
    const plain = await this.#breather.run(decoder.decoding(request, bytes));
    this.#reader.note(decoder.told(true));
    const { options, edits = [] } = plain as { options?: unknown; edits?: PlainMessage[] };
    if (options !== undefined && this.#messages > 0) {
      throw refuse("bad-element", "", "options belong into the first message of the stream");
    }
    this.#options ??= options;
    this.#messages += 1;
    await this.#breather.run(this.#reader.reading(edits));
  }

  #hold(size: number): void {
    const { limits, openTransactions } = this.#api;
    this.#bytes += size;
    const isRoom = openTransactions.hold(size);
    if (this.#bytes > limits.transactionBytes) {
      const limit = `${limits.transactionBytes} bytes`;
      throw refuse("too-big", "", `a transaction has at most ${limit} of messages`);
    }
    if (!isRoom) {
      throw refuse("resource-denied", "", "open transactions hold too much: try again later");
    }
  }

  /** To be called when the transaction has ended, however it did. */
  release(): void {
    this.#api.openTransactions.release(this.#bytes);
    this.#bytes = 0;
  }

  async commit(caller: Caller): Promise<PlainMessage> {
    const { edits, unreadable } = this.#reader;
    const options = commitOptions(this.#options, caller);
    if (edits.length === 0 && !unreadable) {
      throw refuse("missing-element", "", "there are no edits");
    }
    const told = unreadable === undefined ? options : { ...options, unreadable };
    try {
      return answer(await this.#api.datastore.commit(edits, told), options.dryRun === true);
    } catch (error) {
      if (options.dryRun !== true || !(error instanceof RequestError)) throw error;
      return violationsAnswer(error);
    }
  }
}

function answer(outcome: CommitOutcome, dryRun: boolean): PlainMessage {
  if (outcome.violations) {
    if (!dryRun) throw new RequestError(outcome.violations, outcome);
    return violationsAnswer(outcome);
  }
  if (dryRun) return { plan: planMessage(outcome.plan) };
  return outcome.commit === undefined ? {} : { commit: commitMessage(outcome.commit) };
}

function violationsAnswer({ violations, total }: Pick<RequestError, "violations" | "total">) {
  const named = violations.slice(0, violationsMax).map(violationMessage);
  return { violations: named, violations_total: total };
}
