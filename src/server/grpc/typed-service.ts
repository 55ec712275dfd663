import type { Edit } from "../../datamodel/datastore/datastore.ts";
import { RequestError, refuse, type Unreadable } from "../../datamodel/error.ts";
import type { DataSchema, OperationSchema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, emptyObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import { Breather, type Slices } from "../../lib/slices.ts";
import type { Api } from "./api.ts";
import { commitMessage, commitOptions } from "./commit-message.ts";
import { DataBody } from "./encode.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { page, pageRequest, pageToken } from "./page.ts";
import type { MethodBinding, MethodVerb, ProtoMethod } from "./proto-model.ts";
import { maskPaths, readChoice } from "./read-mask.ts";
import { type GivenKeys, givenKeys, requestPath } from "./request-path.ts";
import type { Caller, Unary } from "./unary.ts";
import { updateEdits } from "./write-edits.ts";

/** A generated method with what it works on. */
export interface TypedMethod {
  readonly api: Api;
  readonly method: ProtoMethod;
  readonly binding: MethodBinding;
}

/** A request decoded: its keys, its body, and what is left. */
export interface TypedRequest {
  readonly plain: PlainMessage;
  readonly keys: GivenKeys;
  readonly body: DataObject | undefined;
  /** What is wrong with the body, where its entry can be told nevertheless. */
  readonly unreadable?: Unreadable;
}

type UnaryVerb = Exclude<MethodVerb, "watch" | "notify">;

/** The handler of a generated unary method. */
export function typedUnary(typed: TypedMethod, verb: UnaryVerb): Unary {
  const handler = handlers[verb];
  return async (bytes, caller) => {
    const request = await new Breather().run(decodingTyped(typed, bytes));
    return await handler(typed, request, caller);
  };
}

type Handler = (
  typed: TypedMethod,
  request: TypedRequest,
  caller: Caller,
) => PlainMessage | Promise<PlainMessage>;

const handlers: Readonly<Record<UnaryVerb, Handler>> = {
  get: getEntry,
  list: listEntries,
  create: (typed, request, caller) => {
    const body = bodyOf(typed, request);
    const path = requestPath(nodeOf(typed), request.keys, body);
    const edits: Edit[] = [{ path, operation: "create", value: body }];
    return write(typed, { path, edits, request }, caller);
  },
  update: (typed, request, caller) => {
    const body = bodyOf(typed, request);
    const path = requestPath(nodeOf(typed), request.keys, body);
    const { types } = typed.api;
    const mask = maskPaths(request.plain["update_mask"]);
    const allowMissing = request.plain["allow_missing"] === true;
    const message = types.message(typed.api.messageOf(nodeOf(typed)) ?? "");
    const edits = updateEdits({ path, body, message, mask, allowMissing }, types);
    return write(typed, { path, edits, request }, caller);
  },
  delete: async (typed, request, caller) => {
    const path = requestPath(nodeOf(typed), request.keys);
    const operation = request.plain["allow_missing"] === true ? "remove" : "delete";
    const edits: Edit[] = [{ path, operation }];
    const { commit } = await write(typed, { path, edits, request }, caller);
    return commit === undefined ? {} : { commit };
  },
  invoke,
};

/** Decodes a request strictly. State in a body is refused unless an update mask leaves it out. */
export function* decodingTyped(
  { api, method, binding }: TypedMethod,
  bytes: Buffer,
): Slices<TypedRequest> {
  const decoder = api.decoder();
  let keys: GivenKeys = new Map();
  decoder.bodyPlace = () => bodyPlace(binding, keys);
  const plain = yield* decoder.decoding(method.request, bytes);
  const message = api.types.message(method.request);
  const isWatch = binding.verb === "watch" || binding.verb === "notify";
  keys = givenKeys(plain, { keys: binding.keys, message, leaves: api.leaves }, isWatch);
  const body = plain[binding.body] as DataObject | undefined;
  const unreadable = decoder.told(maskPaths(plain["update_mask"]).length === 0);
  if (unreadable.violations.length === 0) return { plain, keys, body };
  // The tree is judged too, if one can tell which entry is meant.
  const mayGoOn = isWrite(binding) && body !== undefined && hasKeys(binding, keys, body);
  if (!mayGoOn) throw new RequestError(unreadable.violations);
  return { plain, keys, body, unreadable };
}

function isWrite({ verb }: MethodBinding): boolean {
  return verb === "create" || verb === "update";
}

function hasKeys({ target }: MethodBinding, keys: GivenKeys, body: DataObject): boolean {
  try {
    requestPath(target as DataSchema, keys, body);
    return true;
  } catch (error) {
    if (error instanceof RequestError) return false;
    throw error;
  }
}

function bodyPlace({ target, verb }: MethodBinding, keys: GivenKeys): string {
  if (verb === "invoke") return `${operationPath(target as OperationSchema, keys)}/input`;
  return printPath(requestPath(target as DataSchema, keys));
}

function operationPath(operation: OperationSchema, keys: GivenKeys): string {
  const parent = printPath(requestPath(operation.parent, keys));
  const name = parent === "/" ? `${operation.module}:${operation.name}` : operation.name;
  return `${parent === "/" ? "" : parent}/${name}`;
}

function nodeOf({ binding }: TypedMethod): DataSchema {
  return binding.target as DataSchema;
}

function bodyOf({ binding }: TypedMethod, { body }: TypedRequest): DataObject {
  if (body !== undefined) return body;
  throw refuse("missing-element", "", `field ${binding.body} is missing`);
}

function getEntry(typed: TypedMethod, { plain, keys }: TypedRequest): PlainMessage {
  const { api, binding } = typed;
  const node = nodeOf(typed);
  const path = requestPath(node, keys);
  const message = api.types.message(api.messageOf(node) ?? "");
  const choice = readChoice(plain["read"], message, api.types);
  const { commitId } = api.datastore.snapshot();
  const found = api.datastore.read(path, choice.view);
  if (found === undefined) throw refuse("data-missing", printPath(path), "does not exist");
  return { [binding.body]: new DataBody(found as DataObject, choice), commit_id: commitId };
}

function listEntries(typed: TypedMethod, { plain, keys }: TypedRequest): PlainMessage {
  const { api, binding } = typed;
  const node = nodeOf(typed);
  const path = requestPath(node, keys);
  const message = api.types.message(api.messageOf(node) ?? "");
  const choice = readChoice(plain["read"], message, api.types);
  const wanted = pageRequest(plain, printPath(path));
  const { commitId } = api.datastore.snapshot();
  // A mask may name what is in lists below.
  const request = { ...wanted, shallow: choice.only === undefined };
  const list = api.listings.read(path, choice.view, request) as YangList<DataObject> | undefined;
  if (list === undefined) {
    throw refuse("data-missing", printPath(path.slice(0, -1)), "does not exist");
  }
  const { entries, last } = page(list, wanted);
  const selection = { ...choice, shallow: true };
  return {
    [binding.body]: entries.map((entry) => new DataBody(entry, selection)),
    next_page_token: last === undefined ? "" : pageToken(printPath(path), last),
    commit_id: commitId,
  };
}

interface Write {
  readonly path: InstancePath;
  readonly edits: readonly Edit[];
  readonly request: TypedRequest;
}

/** Commits; the answer shows the entry as it is then, and nothing after a dry run. */
async function write(typed: TypedMethod, { path, edits, request }: Write, caller: Caller) {
  const { api, binding, method } = typed;
  const { plain, unreadable } = request;
  const options = commitOptions(plain["options"], caller);
  const outcome = await api.datastore.commit(edits, {
    ...options,
    ...(unreadable === undefined ? {} : { unreadable }),
  });
  if (outcome.violations) throw new RequestError(outcome.violations, outcome);
  if (outcome.commit === undefined) return {};
  const entry = binding.verb === "delete" ? undefined : api.datastore.read(path, "operational");
  const message = api.types.message(method.response);
  const hasBody = message.fields.some(({ name }) => name === binding.body);
  const body =
    entry !== undefined && hasBody
      ? { [binding.body]: writtenBody(nodeOf(typed), entry as DataObject) }
      : {};
  return { ...body, commit: commitMessage(outcome.commit) } as PlainMessage;
}

/** More are not sent back: one leaf changed beside them, or the client has just sent them. */
const answeredEntriesMax = 1_000;

function writtenBody(node: DataSchema, entry: DataObject): DataBody {
  let count = 0;
  for (const _ of entriesBelow(node, entry)) {
    count += 1;
    if (count > answeredEntriesMax) break;
  }
  return new DataBody(entry, { view: "operational", shallow: count > answeredEntriesMax });
}

/** Entries of all lists below a node, at any depth. */
function* entriesBelow(node: DataSchema, object: DataObject): Generator<DataObject> {
  for (const child of "children" in node ? node.children : []) {
    const value = object[child.prop];
    if (value === undefined) continue;
    if (child.kind === "container") yield* entriesBelow(child, value as DataObject);
    if (child.kind !== "list") continue;
    for (const entry of value as YangList<DataObject>) {
      yield entry;
      yield* entriesBelow(child, entry);
    }
  }
}

async function invoke(typed: TypedMethod, request: TypedRequest, caller: Caller) {
  const { api, binding } = typed;
  const operation = binding.target as OperationSchema;
  const path = requestPath(operation.parent, request.keys);
  const input = request.body ?? emptyObject(operation.input);
  const options = commitOptions(request.plain["options"], caller);
  const { output, commit } = await api.datastore.invoke(path, operation, input, options);
  return {
    output: new DataBody(output, { view: "operational" }),
    ...(commit === undefined ? {} : { commit: commitMessage(commit) }),
  };
}
