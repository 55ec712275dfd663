import protobuf from "protobufjs";
import type { View } from "../../datamodel/datastore/datastore.ts";
import type {
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ParentSchema,
} from "../../datamodel/schema/schema.ts";
import type { LeafValue } from "../../datamodel/schema/value-type.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import { type Anydata, type DataObject, isSet } from "../../datamodel/tree/node.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { LeafCodecs, PlainMessage } from "./leaf-codec.ts";
import type { ProtoField, ProtoMessage, ProtoScalar } from "./proto-model.ts";
import type { TypeRegistry } from "./type-registry.ts";

type Writer = protobuf.Writer;

/** What of a data object goes into its message. */
export interface Selection {
  /** CONFIG: explicit configuration only. OPERATIONAL: defaults, state and assigned leaves too. */
  readonly view: View;
  /** Children to include; all, if absent. */
  readonly only?: Mask | undefined;
  /** Leave lists out unless the mask names them. */
  readonly shallow?: boolean;
}

/** Field names of a read mask as a tree; an empty one below a name means all of it. */
export interface Mask {
  readonly [field: string]: Mask;
}

/** A data object as the value of a plain message's field. */
export class DataBody {
  readonly object: DataObject;
  readonly selection: Selection;

  constructor(object: DataObject, selection: Selection) {
    this.object = object;
    this.selection = selection;
  }
}

/** Writes messages: plain ones by field name, those of data nodes from DataObjects. */
export class MessageEncoder {
  readonly #types: TypeRegistry;
  readonly #leaves: LeafCodecs;

  constructor(types: TypeRegistry, leaves: LeafCodecs) {
    this.#types = types;
    this.#leaves = leaves;
  }

  encode(fullName: string, message: PlainMessage): Buffer {
    const writer = protobuf.Writer.create();
    this.#plain(this.#types.message(fullName), message, writer);
    return Buffer.from(writer.finish());
  }

  /** The message of a data node on its own. */
  encodeData(message: ProtoMessage, object: DataObject, selection: Selection): Uint8Array {
    const writer = protobuf.Writer.create();
    this.#body(message, object, { selection, writer });
    return writer.finish();
  }

  #plain(message: ProtoMessage, plain: PlainMessage, writer: Writer): void {
    for (const field of message.fields) {
      const value = plain[field.name];
      if (value === undefined) continue;
      if (field.repeated) this.#repeated(field, value as Iterable<unknown>, writer);
      else if (!isImplicit(field, value)) this.#value(field, value, writer);
    }
  }

  #repeated(field: ProtoField, values: Iterable<unknown>, writer: Writer): void {
    const wireType = "scalar" in field.type ? scalarWire[field.type.scalar] : 0;
    if ("message" in field.type || wireType === 2) {
      for (const value of values) this.#value(field, value, writer);
      return;
    }
    const all = [...values];
    if (all.length === 0) return;
    writer.uint32((field.number << 3) | 2).fork();
    for (const value of all) this.#scalar(field, value, writer);
    writer.ldelim();
  }

  #value(field: ProtoField, value: unknown, writer: Writer): void {
    if (!("message" in field.type)) {
      const wireType = "scalar" in field.type ? scalarWire[field.type.scalar] : 0;
      writer.uint32((field.number << 3) | wireType);
      this.#scalar(field, value, writer);
      return;
    }
    const target = this.#types.message(field.type.message);
    writer.uint32((field.number << 3) | 2).fork();
    if (value instanceof DataBody) {
      this.#body(target, value.object, { selection: value.selection, writer });
    } else this.#plain(target, value as PlainMessage, writer);
    writer.ldelim();
  }

  #scalar(field: ProtoField, value: unknown, writer: Writer): void {
    if ("scalar" in field.type) writers[field.type.scalar](writer, value);
    else writer.int32(value as number);
  }

  #body(
    message: ProtoMessage,
    object: DataObject,
    { selection, writer }: { selection: Selection; writer: Writer },
  ): void {
    const schema = message.schema as ParentSchema;
    for (const field of message.fields) {
      const node = field.node as DataSchema;
      if (!isSelected(field, schema, selection)) continue;
      const isVisible = selection.view === "operational" || (node.config && isSet(object, node));
      const value = isVisible ? object[node.prop] : undefined;
      if (value !== undefined) this.#node(field, value, { selection, writer });
    }
  }

  #node(
    field: ProtoField,
    value: unknown,
    { selection, writer }: { selection: Selection; writer: Writer },
  ): void {
    const node = field.node as DataSchema;
    switch (node.kind) {
      case "container":
        this.#container(field, value as DataObject, { selection: below(selection, field), writer });
        return;
      case "list":
        for (const entry of value as YangList<DataObject>) {
          const inner = { ...below(selection, field), shallow: false };
          this.#value(field, new DataBody(entry, inner), writer);
        }
        return;
      case "anydata":
        this.#value(field, JSON.stringify((value as Anydata).anydata), writer);
        return;
      case "leaf-list":
        this.#leafList(field, value as readonly LeafValue[], writer);
        return;
      default:
        this.#leaf(field, value as LeafValue, writer);
    }
  }

  #leaf(field: ProtoField, value: LeafValue, writer: Writer): void {
    const raw = this.#leaves.of(field.node as LeafSchema, field).toProto(value);
    if (field.repeated) this.#repeated(field, raw as unknown[], writer);
    else this.#value(field, raw, writer);
  }

  #leafList(field: ProtoField, values: readonly LeafValue[], writer: Writer): void {
    const codec = this.#leaves.of(field.node as LeafListSchema, field);
    const raws = values.map((value) => codec.toProto(value));
    this.#repeated(field, raws, writer);
  }

  /** A non-presence container without content is not there. */
  #container(
    field: ProtoField,
    object: DataObject,
    { selection, writer }: { selection: Selection; writer: Writer },
  ): void {
    const node = field.node as DataSchema & { kind: "container" };
    const target = this.#types.message("message" in field.type ? field.type.message : "");
    const bytes = this.encodeData(target, object, selection);
    if (bytes.length > 0 || node.presence) writer.uint32((field.number << 3) | 2).bytes(bytes);
  }
}

/** Whether a node below one that a selection is of, found by its path, goes into the message. */
export function isShown(
  path: InstancePath,
  message: ProtoMessage,
  { selection, types }: { selection: Selection; types: TypeRegistry },
): boolean {
  let at = message;
  let inner = selection;
  for (const { schema } of path) {
    const field = at.fields.find(({ node }) => node === schema);
    if (field === undefined || !isSelected(field, at.schema as ParentSchema, inner)) {
      return false;
    }
    inner = { ...below(inner, field), ...(schema.kind === "list" ? { shallow: false } : {}) };
    if (!("message" in field.type)) return true;
    at = types.message(field.type.message);
  }
  return true;
}

/** Keys are always part of an entry: without them a reader could not tell whose it is. */
function isSelected(
  field: ProtoField,
  schema: ParentSchema,
  { only, shallow }: Selection,
): boolean {
  const node = field.node as DataSchema;
  if (only !== undefined) {
    return Object.hasOwn(only, field.name) || (node.kind === "leaf" && node.isKey);
  }
  return !(shallow && node.kind === "list" && schema.kind !== "parameters");
}

function below(selection: Selection, field: ProtoField): Selection {
  const inner = selection.only?.[field.name];
  const names = inner === undefined || Object.keys(inner).length === 0 ? undefined : inner;
  const isNamed = selection.only !== undefined;
  return { view: selection.view, only: names, shallow: (selection.shallow ?? false) && !isNamed };
}

/** proto3 leaves out a field without presence that has its zero value. */
function isImplicit(field: ProtoField, value: unknown): boolean {
  if (field.optional || field.oneof !== undefined || "message" in field.type) return false;
  if (value instanceof Uint8Array) return value.length === 0;
  return value === 0 || value === 0n || value === "" || value === false;
}

const scalarWire: Record<ProtoScalar, number> = {
  bool: 0,
  int32: 0,
  int64: 0,
  sint32: 0,
  sint64: 0,
  uint32: 0,
  uint64: 0,
  double: 1,
  bytes: 2,
  string: 2,
  float: 5,
};

const writers: Record<ProtoScalar, (writer: Writer, value: unknown) => void> = {
  bool: (writer, value) => void writer.bool(value as boolean),
  bytes: (writer, value) => void writer.bytes(value as Uint8Array),
  double: (writer, value) => void writer.double(value as number),
  float: (writer, value) => void writer.float(value as number),
  int32: (writer, value) => void writer.int32(value as number),
  int64: (writer, value) => void writer.int64(longBits(value as bigint) as never),
  sint32: (writer, value) => void writer.sint32(value as number),
  sint64: (writer, value) => void writer.sint64(longBits(value as bigint) as never),
  string: (writer, value) => void writer.string(value as string),
  uint32: (writer, value) => void writer.uint32(value as number),
  uint64: (writer, value) => void writer.uint64(longBits(value as bigint) as never),
};

/** What protobufjs takes for a 64-bit number; it knows no bigint. */
function longBits(value: bigint): { low: number; high: number; unsigned: boolean } {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffff_ffffn), high: Number(bits >> 32n), unsigned: true };
}
