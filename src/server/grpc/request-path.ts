import { refuse } from "../../datamodel/error.ts";
import type { DataSchema, ListSchema, ParentSchema } from "../../datamodel/schema/schema.ts";
import { type LeafValue, ValueError } from "../../datamodel/schema/value-type.ts";
import { type DataObject, keysOf } from "../../datamodel/tree/node.ts";
import type { InstancePath, PathStep } from "../../datamodel/tree/path.ts";
import type { LeafCodecs, PlainMessage } from "./leaf-codec.ts";
import type { KeyField, ProtoMessage } from "./proto-model.ts";

/** Keys given in a request, by list; a list without any is absent. */
export type GivenKeys = ReadonlyMap<ListSchema, readonly (LeafValue | undefined)[]>;

/**
 * Reads the key fields of a request. Proto scalars have no presence here: an empty text, enum or
 * message is a key left out, a zero or false is a value (and, where `zeroIsEmpty`, left out too).
 */
export function givenKeys(
  request: PlainMessage,
  {
    keys,
    message,
    leaves,
  }: { keys: readonly KeyField[]; message: ProtoMessage; leaves: LeafCodecs },
  zeroIsEmpty = false,
): GivenKeys {
  const given = new Map<ListSchema, (LeafValue | undefined)[]>();
  for (const { field, list, leaf } of keys) {
    const values = given.get(list) ?? [];
    given.set(list, values);
    const declared = message.fields.find(({ name }) => name === field);
    if (declared === undefined) continue;
    const isScalar =
      "scalar" in declared.type && !["string", "bytes"].includes(declared.type.scalar);
    const raw = request[field] ?? (isScalar && !zeroIsEmpty ? zeroOf(declared.type) : undefined);
    if (isEmpty(raw) || (zeroIsEmpty && isZero(raw))) values.push(undefined);
    else values.push(keyValue(() => leaves.of(leaf, declared).fromProto(raw), field));
  }
  return given;
}

function keyValue(read: () => LeafValue, field: string): LeafValue {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw refuse("invalid-value", "", `${field}: ${error.message}`, error.appTag);
  }
}

function zeroOf(type: { scalar: string } | object): unknown {
  const scalar = "scalar" in type ? type.scalar : "";
  if (scalar === "bool") return false;
  return scalar === "int64" || scalar === "uint64" ? 0n : 0;
}

function isEmpty(raw: unknown): boolean {
  if (raw === undefined || raw === "") return true;
  return raw instanceof Uint8Array && raw.length === 0;
}

function isZero(raw: unknown): boolean {
  return raw === 0 || raw === 0n || raw === false;
}

/**
 * The path of a data node with the keys of a request. `own`: the keys of the node itself, where it
 * is a list, come from its entry; undefined leaves the list as a whole.
 * @throws RequestError where a key is missing
 */
export function requestPath(
  node: DataSchema | ParentSchema,
  given: GivenKeys,
  own?: DataObject,
): InstancePath {
  const steps: PathStep[] = [];
  let at: DataSchema | ParentSchema = node;
  while (at.kind !== "root" && at.kind !== "parameters" && at.kind !== "notification") {
    if (at.kind === "list") steps.unshift(listStep(at, at === node ? own : undefined, given));
    else steps.unshift({ schema: at });
    at = at.parent;
  }
  return steps;
}

function listStep(schema: ListSchema, own: DataObject | undefined, given: GivenKeys): PathStep {
  if (own !== undefined) return { schema, keys: ownKeys(schema, own) };
  const values = given.get(schema);
  if (values === undefined) return { schema };
  const keys = values.map((value, index) => {
    if (value !== undefined) return value;
    throw missingKey(schema, index);
  });
  return { schema, keys };
}

function ownKeys(schema: ListSchema, entry: DataObject): LeafValue[] {
  const missing = schema.keys.findIndex(({ prop }) => !Object.hasOwn(entry, prop));
  if (missing !== -1) throw missingKey(schema, missing);
  return keysOf(schema, entry);
}

function missingKey(schema: ListSchema, index: number) {
  const name = schema.keys[index]?.name;
  return refuse("missing-element", "", `key ${name} of ${schema.name} is missing`);
}
