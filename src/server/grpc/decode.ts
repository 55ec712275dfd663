import {
  type Finding,
  Findings,
  type Place,
  violationsMax,
} from "../../datamodel/codec/findings.ts";
import { RequestError, type Unreadable } from "../../datamodel/error.ts";
import type {
  CaseMembership,
  ChoiceSchema,
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  ParentSchema,
} from "../../datamodel/schema/schema.ts";
import { type LeafValue, ValueError } from "../../datamodel/schema/value-type.ts";
import { type Anydata, type DataObject, keysOf } from "../../datamodel/tree/node.ts";
import { printKeys } from "../../datamodel/tree/path.ts";
import { atOnce, type Slices } from "../../lib/slices.ts";
import { fits, readScalar, wireTypeOf } from "./field-wire.ts";
import { Filling } from "./filling.ts";
import { readJson } from "./json-text.ts";
import type { LeafCodecs, PlainMessage } from "./leaf-codec.ts";
import type { ProtoField, ProtoMessage } from "./proto-model.ts";
import type { TypeRegistry } from "./type-registry.ts";
import { malformed, WireReader } from "./wire.ts";

/** Messages in messages; the schema bounds ours, this bounds what a sender makes of recursion. */
const depthMax = 100;
/** Fields of one body decoded in one go; entries of a list are a field each. */
const sliceFields = 64;

/**
 * Decodes messages strictly: unknown fields, enum values that are not in the model, wrong wire
 * types and values their type refuses are all reported. Messages of data nodes become DataObjects,
 * other messages plain objects by field name.
 */
export class MessageDecoder {
  readonly #types: TypeRegistry;
  readonly #leaves: LeafCodecs;
  readonly #findings = new Findings();
  readonly #stateGiven: Finding[] = [];
  /** Bodies met and not yet decoded: their places are known once the whole message is. */
  readonly #bodies: GivenBody[] = [];

  constructor(types: TypeRegistry, leaves: LeafCodecs) {
    this.#types = types;
    this.#leaves = leaves;
  }

  /** The message of a full name; what it reports is thrown by `finish`. */
  plain(fullName: string, bytes: Uint8Array): PlainMessage {
    return atOnce(this.decoding(fullName, bytes));
  }

  /** The same, in slices of some entries of its body. */
  *decoding(fullName: string, bytes: Uint8Array): Slices<PlainMessage> {
    const message: PlainMessage = {};
    this.#plain(this.#types.message(fullName), new WireReader(bytes), { into: message, depth: 0 });
    for (const { field, into, parts } of this.#bodies.splice(0)) {
      const at = { place: this.bodyPlace, depth: 1 };
      into[field.name] = yield* this.#decodingBody(this.#target(field), joined(parts), at);
    }
    return message;
  }

  /** The message of a data node found at `place`, in slices. */
  decodingData(message: ProtoMessage, bytes: Uint8Array, place: Place): Slices<DataObject> {
    return this.#decodingBody(message, new WireReader(bytes), { place, depth: 0 });
  }

  /**
   * Where the next message decoded by `plain` keeps the data of its body: known only after its keys
   * have been read, so it is asked when a path is printed.
   */
  bodyPlace: Place = () => "";

  /** @throws RequestError with everything reported; `refuseState` includes state nodes given. */
  finish(refuseState: boolean): void {
    const { violations } = this.told(refuseState);
    if (violations.length > 0) throw new RequestError(violations);
  }

  /** Everything reported, for a caller that goes on with what could be read. */
  told(refuseState: boolean): Unreadable {
    if (refuseState) for (const finding of this.#stateGiven.splice(0)) this.#findings.add(finding);
    return this.#findings.told();
  }

  #plain(
    message: ProtoMessage,
    reader: WireReader,
    { into, depth }: { into: PlainMessage; depth: number },
  ): void {
    const fields = fieldsOf(message);
    while (!reader.done) {
      const { number, wireType } = reader.tag();
      const field = fields.get(number);
      if (field === undefined) this.#unknown(message, { number, wireType, reader }, () => "");
      else if (!fits(field, wireType)) this.#misfit(field, { wireType, reader }, () => "");
      else this.#plainField(field, message, { reader, wireType, into, depth });
    }
  }

  #plainField(
    field: ProtoField,
    message: ProtoMessage,
    { reader, wireType, into, depth }: Spot & { into: PlainMessage; depth: number },
  ): void {
    if (field.oneof !== undefined) {
      for (const { name, oneof } of message.fields) if (oneof === field.oneof) delete into[name];
    }
    if (!field.repeated && !("message" in field.type)) {
      into[field.name] = this.#scalar(field, reader);
    } else if ("message" in field.type && this.#target(field).schema !== undefined) {
      this.#keepBody(field, into, reader.bytes());
    } else if (field.repeated) {
      const values = (into[field.name] ?? []) as unknown[];
      into[field.name] = values;
      for (const raw of this.#values(field, { reader, wireType }, depth)) values.push(raw);
    } else {
      const [raw] = this.#values(field, { reader, wireType }, depth, into[field.name]);
      into[field.name] = raw;
    }
  }

  /** A body given twice is merged (protobuf encoding): decoded as one of all their fields. */
  #keepBody(field: ProtoField, into: PlainMessage, bytes: Uint8Array): void {
    const known = this.#bodies.find((body) => body.field === field && body.into === into);
    if (known) known.parts.push(bytes);
    else this.#bodies.push({ field, into, parts: [bytes] });
  }

  #target({ type }: ProtoField): ProtoMessage {
    return this.#types.message("message" in type ? type.message : "");
  }

  /** One value, or those of a packed field. */
  #values(field: ProtoField, spot: Spot, depth: number, before?: unknown): unknown[] {
    const { type } = field;
    if ("message" in type) {
      const nested = spot.reader.nested();
      const target = this.#types.message(type.message);
      // A message field given twice is merged (protobuf encoding, "last one wins").
      const into = (field.repeated ? {} : (before ?? {})) as PlainMessage;
      refuseTooDeep(depth);
      this.#plain(target, nested, { into, depth: depth + 1 });
      return [into];
    }
    return this.#scalars(field, spot);
  }

  #scalars(field: ProtoField, { reader, wireType }: Spot): unknown[] {
    if (wireType === wireTypeOf(field)) return [this.#scalar(field, reader)];
    const packed = new WireReader(reader.bytes());
    const values: unknown[] = [];
    while (!packed.done) values.push(this.#scalar(field, packed));
    return values;
  }

  #scalar(field: ProtoField, reader: WireReader): unknown {
    if ("scalar" in field.type) return readScalar(field.type.scalar, reader);
    const value = reader.int32();
    // Enums of leaves are judged with the leaf, which knows its path.
    if (!field.node && "enum" in field.type) {
      const { values } = this.#types.enum(field.type.enum);
      if (!values.some(({ number }) => number === value)) {
        const message = `${field.name}: enum value ${value} is unknown`;
        this.#findings.add({ tag: "invalid-value", place: () => "", message });
      }
    }
    return value;
  }

  #body(message: ProtoMessage, reader: WireReader, at: Body): DataObject {
    const open = openBody(message, reader, at);
    while (!open.reader.done) this.#field(open);
    for (const [field, parts] of open.containers ?? []) {
      const inner = this.#body(this.#target(field), joined(parts), containerAt(open, field));
      open.filling.container(field.node as ContainerSchema, inner);
    }
    return this.#close(open);
  }

  /** Entries of a large list stand in a container or in the body itself: both are sliced. */
  *#decodingBody(message: ProtoMessage, reader: WireReader, at: Body): Slices<DataObject> {
    const open = openBody(message, reader, at);
    for (let count = 1; !open.reader.done; count += 1) {
      this.#field(open);
      if (count % sliceFields === 0) yield;
    }
    for (const [field, parts] of open.containers ?? []) {
      const inner = containerAt(open, field);
      const object = yield* this.#decodingBody(this.#target(field), joined(parts), inner);
      open.filling.container(field.node as ContainerSchema, object);
    }
    return this.#close(open);
  }

  #field(open: OpenBody): void {
    const next = this.#next(open);
    if (next === undefined) return;
    const { field, place, wireType } = next;
    const spot = { reader: open.reader, wireType, place, depth: open.at.depth };
    if (next.node.kind === "container") keepContainer(open, field, spot.reader.bytes());
    else this.#member(field, open.filling, spot);
  }

  /** The next field that belongs to a node; one that does not is reported and skipped. */
  #next({ message, reader, place }: OpenBody) {
    const { number, wireType } = reader.tag();
    const field = fieldsOf(message).get(number);
    const node = field?.node;
    if (field === undefined || node === undefined) {
      this.#unknown(message, { number, wireType, reader }, place);
      return undefined;
    }
    const nodePlace = (): string => `${place()}/${node.jsonName}`;
    if (!fits(field, wireType)) {
      this.#misfit(field, { wireType, reader }, nodePlace);
      return undefined;
    }
    if (!node.config) this.#state(nodePlace);
    return { field, node, wireType, place: nodePlace };
  }

  #close({ message, filling, place }: OpenBody): DataObject {
    this.#finishBits(filling, place);
    this.#checkCases(message.schema as ParentSchema, filling.object, place);
    return filling.object;
  }

  #member(
    field: ProtoField,
    filling: Filling,
    { place, depth, ...spot }: Spot & { place: Place; depth: number },
  ): void {
    const node = field.node as DataSchema;
    switch (node.kind) {
      case "list": {
        refuseTooDeep(depth);
        const position = filling.nextPosition(node);
        const known = this.#findings.count;
        const nested = spot.reader.nested();
        const inner = this.#body(this.#target(field), nested, {
          place,
          depth: depth + 1,
          position,
        });
        const isSound = this.#findings.count === known;
        this.#entry(node, inner, { filling, place, position, isSound });
        return;
      }
      case "anydata":
        filling.set(node, this.#anydata(spot, field, place));
        return;
      default:
        for (const raw of this.#values(field, spot, depth)) this.#leaf(field, raw, filling, place);
    }
  }

  #leaf(field: ProtoField, raw: unknown, filling: Filling, place: Place): void {
    const node = field.node as LeafSchema | LeafListSchema;
    if (node.kind === "leaf" && field.repeated) {
      filling.bit(field, raw);
      return;
    }
    const value = this.#leafValue(node, field, raw, place);
    if (value === undefined) return;
    if (node.kind === "leaf") filling.set(node, value);
    else if (!filling.append(node, value)) {
      const message = `${node.type.toText(value)} is given twice`;
      this.#findings.add({ tag: "bad-element", place, message });
    }
  }

  /** A leaf's value, reported if its type refuses it. */
  #leafValue(
    node: LeafSchema | LeafListSchema,
    field: ProtoField,
    raw: unknown,
    place: Place,
  ): LeafValue | undefined {
    try {
      return this.#leaves.of(node, field).fromProto(raw);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const { message, appTag } = error;
      const tagged = appTag === undefined ? {} : { appTag };
      this.#unread(place, { tag: "invalid-value", message, ...tagged });
      return undefined;
    }
  }

  #finishBits(filling: Filling, place: Place): void {
    for (const [field, raw] of filling.bits ?? []) {
      const node = field.node as LeafSchema;
      const value = this.#leafValue(node, field, raw, () => `${place()}/${node.jsonName}`);
      if (value !== undefined) filling.set(node, value);
    }
    filling.freeze();
  }

  #entry(
    list: ListSchema,
    entry: DataObject,
    { filling, place, position, isSound }: EntrySpot,
  ): void {
    const missing = list.keys.filter(({ prop }) => !Object.hasOwn(entry, prop));
    // A key that is there and wrong has its own violation.
    for (const key of isSound ? missing : []) {
      const entryPlace = () => `${place()}[${position}]`;
      this.#unread(entryPlace, { tag: "missing-element", message: `key ${key.name} is missing` });
    }
    if (missing.length === 0 && !filling.entry(list, entry)) {
      const keys = keysOf(list, entry);
      const entryPlace = () => place() + printKeys(list, keys);
      this.#findings.add({ tag: "bad-element", place: entryPlace, message: "is given twice" });
    }
  }

  #anydata(spot: Spot, field: ProtoField, place: Place): Anydata {
    const text = this.#scalars(field, spot)[0] as string;
    try {
      return { anydata: readJson(text, "value", place) };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      for (const { path, ...fault } of error.violations) this.#unread(() => path, fault);
      return { anydata: null };
    }
  }

  /** Nodes of two cases of one choice (RFC 7950 §8.3.1). */
  #checkCases(schema: ParentSchema, object: DataObject, place: Place): void {
    if (schema.choices.length === 0) return;
    const chosen = new Map<ChoiceSchema, string>();
    for (const child of schema.children) {
      if (!Object.hasOwn(object, child.prop)) continue;
      for (let at: CaseMembership | undefined = child.inCase; at; at = at.outer) {
        const first = chosen.get(at.choice) ?? at.caseName;
        chosen.set(at.choice, first);
        if (first === at.caseName) continue;
        const message = `belongs to case ${at.caseName}, beside a node of case ${first}`;
        this.#unread(() => `${place()}/${child.jsonName}`, { tag: "bad-element", message });
      }
    }
  }

  #unknown(
    message: ProtoMessage,
    { number, wireType, reader }: Spot & { number: number },
    place: Place,
  ): void {
    const text = `${message.name} has no field number ${number}`;
    this.#findings.add({ tag: "unknown-element", place, message: text });
    reader.skip(wireType);
  }

  #misfit(field: ProtoField, { wireType, reader }: Spot, place: Place): void {
    const wanted = wireTypeOf(field);
    const message = `field ${field.name} has wire type ${wireType} instead of ${wanted}`;
    this.#unread(place, { tag: "malformed-message", message });
    reader.skip(wireType);
  }

  #state(place: Place): void {
    if (this.#stateGiven.length >= violationsMax) return;
    this.#stateGiven.push({ tag: "bad-element", place, message: "is state and cannot be written" });
  }

  #unread(place: Place, fault: Fault): void {
    this.#findings.add({ ...fault, place, isUnread: true });
  }
}

type Fault = Omit<Finding, "place" | "isUnread">;

interface Spot {
  readonly reader: WireReader;
  readonly wireType: number;
}

interface EntrySpot {
  readonly filling: Filling;
  readonly place: Place;
  readonly position: number;
  /** Nothing in it was reported. */
  readonly isSound: boolean;
}

/** Where a body stands; `position`: which entry of its list it is, from 1. */
interface Body {
  readonly place: Place;
  readonly depth: number;
  readonly position?: number | undefined;
}

/** A data node's message in another message, as often as it was given. */
interface GivenBody {
  readonly field: ProtoField;
  readonly into: PlainMessage;
  readonly parts: Uint8Array[];
}

interface OpenBody {
  readonly message: ProtoMessage;
  readonly reader: WireReader;
  readonly filling: Filling;
  readonly place: Place;
  readonly at: Body;
  /** Containers met, decoded at the end: one given twice is merged. */
  containers?: Map<ProtoField, Uint8Array[]>;
}

function openBody(message: ProtoMessage, reader: WireReader, at: Body): OpenBody {
  const filling = new Filling(message.schema as ParentSchema);
  const isList = message.schema?.kind === "list";
  const place = isList ? () => filling.entryPlace(at.place, at.position) : at.place;
  return { message, reader, filling, place, at };
}

function keepContainer(open: OpenBody, field: ProtoField, bytes: Uint8Array): void {
  open.containers ??= new Map();
  const parts = open.containers.get(field) ?? [];
  parts.push(bytes);
  open.containers.set(field, parts);
}

function containerAt({ place, at }: OpenBody, { node }: ProtoField): Body {
  refuseTooDeep(at.depth);
  return { place: () => `${place()}/${node?.jsonName}`, depth: at.depth + 1 };
}

function refuseTooDeep(depth: number): void {
  if (depth >= depthMax) throw malformed(`messages are nested more than ${depthMax} deep`);
}

/** Messages merge by putting their fields behind one another. */
function joined(parts: readonly Uint8Array[]): WireReader {
  const [only = new Uint8Array(), ...more] = parts;
  return new WireReader(more.length === 0 ? only : Buffer.concat(parts));
}

const fieldsByMessage = new WeakMap<ProtoMessage, Map<number, ProtoField>>();

function fieldsOf(message: ProtoMessage): Map<number, ProtoField> {
  const known = fieldsByMessage.get(message);
  if (known) return known;
  const fields = new Map(message.fields.map((field) => [field.number, field]));
  fieldsByMessage.set(message, fields);
  return fields;
}
