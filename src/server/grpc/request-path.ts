import { refuse } from "../../datamodel/error.ts";
import type { DataSchema, ListSchema, ParentSchema } from "../../datamodel/schema/schema.ts";
import { type LeafValue, ValueError } from "../../datamodel/schema/value-type.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, type PathStep, printPath } from "../../datamodel/tree/path.ts";
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
  for (const schema of chainTo(node)) {
    if (schema.kind !== "list") steps.push({ schema });
    else
      steps.push(listStep(schema, { above: steps, own: schema === node ? own : undefined, given }));
  }
  return steps;
}

/** The data nodes from the top to a node, which is the last. */
function chainTo(node: DataSchema | ParentSchema): DataSchema[] {
  const chain: DataSchema[] = [];
  let at: DataSchema | ParentSchema = node;
  while (at.kind !== "root" && at.kind !== "parameters" && at.kind !== "notification") {
    chain.push(at);
    at = at.parent;
  }
  return chain.reverse();
}

interface ListPlace {
  readonly above: readonly PathStep[];
  readonly own: DataObject | undefined;
  readonly given: GivenKeys;
}

function listStep(schema: ListSchema, { above, own, given }: ListPlace): PathStep {
  const values = own === undefined ? given.get(schema) : ownKeys(schema, own);
  if (values === undefined) return { schema };
  const keys = values.map((value, index) => {
    if (value !== undefined) return value;
    const message = `key ${schema.keys[index]?.name} of ${schema.name} is missing`;
    throw refuse("missing-element", printPath([...above, { schema }]), message);
  });
  return { schema, keys };
}

function ownKeys(schema: ListSchema, entry: DataObject): (LeafValue | undefined)[] {
  return schema.keys.map(({ prop }) =>
    Object.hasOwn(entry, prop) ? (entry[prop] as LeafValue) : undefined,
  );
}
