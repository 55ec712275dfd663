import type { handleClientStreamingCall, ServerReadableStream } from "@grpc/grpc-js";
import { decodingJsonAt } from "../../datamodel/codec/decode.ts";
import type { CommitOutcome, Edit, EditInsert } from "../../datamodel/datastore/datastore.ts";
import { CommitError, RequestError, refuse, type Violation } from "../../datamodel/error.ts";
import { type DataObject, keysOf } from "../../datamodel/tree/node.ts";
import { type InstancePath, parsePath, printPath } from "../../datamodel/tree/path.ts";
import { Breather, type Slices } from "../../lib/slices.ts";
import type { Api } from "./api.ts";
import { commitMessage, commitOptions, planMessage } from "./commit-message.ts";
import { violationMessage } from "./error-status.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { type Caller, callerOf, encodeReply, reported, stopping } from "./unary.ts";

const request = "yangplane.core.v1.ApplyRequest";
const response = "yangplane.core.v1.ApplyResponse";

/** Violations one dry run may answer, and edits one transaction may have. */
const violationsMax = 10_000;
const editsMax = 1_000_000;

const operations: readonly (Edit["operation"] | undefined)[] = [
  undefined,
  "merge",
  "create",
  "replace",
  "delete",
  "remove",
];
const inserts = [undefined, "first", "last", "before", "after"] as const;

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
  readonly #edits: Edit[] = [];
  readonly #violations: Violation[] = [];
  readonly #breather = new Breather();
  #options: unknown;
  #messages = 0;
  #bytes = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  async add(bytes: Buffer): Promise<void> {
    this.#hold(bytes.length);
    const decoder = this.#api.decoder();
    const plain = decoder.plain(request, bytes);
    decoder.finish(true);
    const { options, edits = [] } = plain as { options?: unknown; edits?: PlainMessage[] };
    if (options !== undefined && this.#messages > 0) {
      throw refuse("bad-element", "", "options belong into the first message of the stream");
    }
    this.#options ??= options;
    this.#messages += 1;
    for (const edit of edits) {
      await this.#take(edit);
      if (this.#breather.isDue) await this.#breather.breathe();
    }
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
    const options = commitOptions(this.#options, caller);
    if (this.#violations.length > 0) {
      if (options.dryRun) return violationsAnswer(this.#violations);
      throw new RequestError(this.#violations);
    }
    if (this.#edits.length === 0) throw refuse("missing-element", "", "there are no edits");
    const { datastore } = this.#api;
    try {
      return answer(await datastore.commit(this.#edits, options), options.dryRun === true);
    } catch (error) {
      if (options.dryRun !== true || !(error instanceof RequestError)) throw error;
      return violationsAnswer(error.violations);
    }
  }

  async #take(message: PlainMessage): Promise<void> {
    try {
      for (const edit of single(await this.#breather.run(readEdit(this.#api, message))))
        this.#edits.push(edit);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (this.#violations.length < violationsMax) this.#violations.push(...error.violations);
    }
    if (this.#edits.length <= editsMax) return;
    throw refuse("too-big", "", `a transaction has at most ${editsMax} edits`);
  }
}

/** Entries created as a list are an edit each: each of them is new, or refused on its own. */
function single(edit: Edit): readonly Edit[] {
  const { path, operation, value } = edit;
  const { schema, keys } = path.at(-1) ?? {};
  if (operation !== "create" || schema?.kind !== "list" || keys !== undefined) return [edit];
  const entries = value as readonly DataObject[];
  if (entries.length === 0) return [{ ...edit, operation: "merge" }];
  const above = path.slice(0, -1);
  return entries.map((entry) => ({
    path: [...above, { schema, keys: keysOf(schema, entry) }],
    operation,
    value: entry,
  }));
}

function answer(outcome: CommitOutcome, dryRun: boolean): PlainMessage {
  if (outcome.violations) {
    if (!dryRun) throw new RequestError(outcome.violations);
    return violationsAnswer(outcome.violations);
  }
  if (dryRun) return { plan: planMessage(outcome.plan) };
  return outcome.commit === undefined ? {} : { commit: commitMessage(outcome.commit) };
}

function violationsAnswer(violations: readonly Violation[]): PlainMessage {
  return { violations: violations.slice(0, violationsMax).map(violationMessage) };
}

function* readEdit(api: Api, message: PlainMessage): Slices<Edit> {
  const path = parsePath(api.datastore.schema, (message["path"] as string | undefined) ?? "");
  const operation = operations[(message["operation"] as number | undefined) ?? 0];
  if (operation === undefined) {
    throw refuse("missing-element", printPath(path), "the edit's operation is missing");
  }
  const insert = readInsert(api, message, path);
  const edit = { path, operation, ...(insert === undefined ? {} : { insert }) };
  const isGiven = message["message"] !== undefined || message["json"] !== undefined;
  if (operation === "delete" || operation === "remove") {
    if (isGiven) throw refuse("bad-element", printPath(path), `${operation} takes no value`);
    return edit;
  }
  const value = yield* readValue(api, message, path);
  return value === undefined ? edit : { ...edit, value };
}

function* readValue(api: Api, edit: PlainMessage, path: InstancePath): Slices<Edit["value"]> {
  if (edit["message"] !== undefined) return yield* readMessage(api, edit["message"], path);
  if (edit["json"] !== undefined) {
    return yield* decodingJsonAt(path, parseJson(edit["json"], path));
  }
  const last = path.at(-1);
  const needsNone =
    last?.value !== undefined || last?.keys !== undefined || last?.schema.kind === "container";
  if (needsNone) return last?.value;
  throw refuse("missing-element", printPath(path), "the edit's value is missing");
}

function parseJson(text: unknown, path: InstancePath): unknown {
  try {
    return JSON.parse(text as string);
  } catch (error) {
    // RangeError: nested deeper than the parser's stack.
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    throw refuse("malformed-message", printPath(path), `the value is not JSON: ${error.message}`);
  }
}

/** A value given as the generated message of the node. */
function* readMessage(api: Api, any: unknown, path: InstancePath): Slices<Edit["value"]> {
  const { type_url: url = "", value = Buffer.alloc(0) } = any as {
    type_url?: string;
    value?: Uint8Array;
  };
  const last = path.at(-1);
  const wanted = last === undefined ? undefined : api.messageOf(last.schema);
  const isWhole = last?.schema.kind === "list" && last.keys === undefined;
  if (wanted === undefined || isWhole) {
    throw refuse("bad-element", printPath(path), "only a container or list entry has a message");
  }
  const given = url.slice(url.lastIndexOf("/") + 1);
  if (given !== wanted) {
    throw refuse("bad-element", printPath(path), `the message is a ${given}, not a ${wanted}`);
  }
  const decoder = api.decoder();
  const message = api.types.message(wanted);
  const object = yield* decoder.decodingData(message, value, () => printPath(path));
  decoder.finish(true);
  return object;
}

function readInsert(api: Api, edit: PlainMessage, path: InstancePath): EditInsert | undefined {
  const where = inserts[(edit["insert"] as number | undefined) ?? 0];
  const text = (edit["point"] as string | undefined) ?? "";
  const { keys, value } = path.at(-1) ?? {};
  if (where !== undefined && keys === undefined && value === undefined) {
    throw refuse("bad-attribute", printPath(path), "insert goes with one entry or value");
  }
  if (where === "before" || where === "after") {
    const point = parsePath(api.datastore.schema, text).at(-1);
    if (point === undefined || point.schema !== path.at(-1)?.schema) {
      throw refuse("bad-attribute", printPath(path), `point "${text}" is no sibling of the node`);
    }
    return { where, point };
  }
  if (text !== "") {
    throw refuse("bad-attribute", printPath(path), "point goes with INSERT_BEFORE or INSERT_AFTER");
  }
  return where === undefined ? undefined : { where };
}
