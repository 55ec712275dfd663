import { decodeJson } from "../../datamodel/codec/decode.ts";
import { encodeJson, type JsonObject } from "../../datamodel/codec/encode.ts";
import type { View } from "../../datamodel/datastore/datastore.ts";
import { refuse } from "../../datamodel/error.ts";
import type { DataSchema, OperationSchema, ParentSchema } from "../../datamodel/schema/schema.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { emptyObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, parsePath, printPath } from "../../datamodel/tree/path.ts";
import type { Api } from "./api.ts";
import { commitMessage, commitOptions, planMessage } from "./commit-message.ts";
import { JsonPage } from "./json-page.ts";
import { readJson } from "./json-text.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { pageRequest } from "./page.ts";
import { maskPaths } from "./read-mask.ts";
import type { Caller } from "./unary.ts";

const viewConfig = 2;

/** DatastoreService.Get: any node as RFC 7951 JSON. */
export function getNode(api: Api, request: PlainMessage): PlainMessage {
  const { datastore } = api;
  const path = parsePath(datastore.schema, (request["path"] as string | undefined) || "/");
  const read = (request["read"] ?? {}) as PlainMessage;
  if (maskPaths(read["read_mask"]).length > 0) {
    throw refuse("operation-not-supported", "", "read_mask names fields of messages, not of JSON");
  }
  const view: View = read["view"] === viewConfig ? "config" : "operational";
  const { size, after } = cuts(request, path);
  const { commitId } = datastore.snapshot();
  const value = api.listings.read(path, view, { size: size ?? Number.POSITIVE_INFINITY, after });
  if (value === undefined) throw refuse("data-missing", printPath(path), "does not exist");
  const node = path.at(-1)?.schema ?? datastore.schema.root;
  const withDefaults = view === "operational";
  const page = new JsonPage({ path, withDefaults, size, after });
  const whole = page.encode(node, value);
  const json = JSON.stringify(withDefaults ? whole : withoutState(node, whole));
  return { json, rests: page.rests, commit_id: commitId };
}

function cuts(request: PlainMessage, path: InstancePath) {
  const { size, after } = pageRequest(request, printPath(path));
  const last = path.at(-1);
  const isList = last?.schema.kind === "list" && last.keys === undefined;
  if (after !== undefined && !isList) {
    throw refuse("bad-element", printPath(path), "page_token goes with the path of a whole list");
  }
  return { size: request["page_size"] ? size : undefined, after };
}

/** The configuration holds what the system drew once; a client sees that as state only. */
function withoutState(node: DataSchema | ParentSchema, json: unknown): unknown {
  if (Array.isArray(json) && node.kind === "list") {
    return json.map((entry) => withoutState(node, entry));
  }
  if (!("children" in node) || typeof json !== "object" || json === null) return json;
  const object = json as JsonObject;
  for (const child of node.children) {
    if (!Object.hasOwn(object, child.jsonName)) continue;
    if (!child.config) delete object[child.jsonName];
    else withoutState(child, object[child.jsonName]);
  }
  return object;
}

/** DatastoreService.Invoke: an action or rpc by path. */
export async function invokeByPath(
  api: Api,
  request: PlainMessage,
  caller: Caller,
): Promise<PlainMessage> {
  const text = (request["path"] as string | undefined) ?? "";
  const { path, operation } = operationAt(api, text);
  const input = inputOf(operation, (request["json"] as string | undefined) ?? "", text);
  const options = commitOptions(request["options"], caller);
  const { output, commit, plan } = await api.datastore.invoke(path, operation, input, options);
  return {
    json: JSON.stringify(encodeJson(operation.output, output)),
    ...(options.dryRun ? { plan: planMessage(plan) } : {}),
    ...(commit === undefined ? {} : { commit: commitMessage(commit) }),
  };
}

function operationAt(
  { datastore }: Api,
  text: string,
): { path: InstancePath; operation: OperationSchema } {
  // Keys may hold slashes, operation names cannot.
  const slash = text.lastIndexOf("/");
  const name = text.slice(slash + 1);
  const path = parsePath(datastore.schema, text.slice(0, Math.max(0, slash)) || "/");
  const parent = path.at(-1)?.schema ?? datastore.schema.root;
  const operations = "operations" in parent ? parent.operations : undefined;
  const operation = operations?.get(name);
  if (operation === undefined) {
    throw refuse("unknown-element", text, `there is no action or rpc named "${name}"`);
  }
  return { path, operation };
}

function inputOf({ input }: OperationSchema, text: string, path: string): DataObject {
  if (text === "") return emptyObject(input);
  return decodeJson(
    input,
    readJson(text, "input", () => path),
    { at: path },
  );
}
