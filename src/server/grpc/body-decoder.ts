import type { Place } from "../../datamodel/codec/findings.ts";
import { RequestError } from "../../datamodel/error.ts";
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
import type { Slices } from "../../lib/slices.ts";
import type { DecodeReport, Spot } from "./decode-report.ts";
import { fits } from "./field-wire.ts";
import { Filling } from "./filling.ts";
import { readJson } from "./json-text.ts";
import type { LeafCodecs } from "./leaf-codec.ts";
import {
  fieldsOf,
  joined,
  type PlainDecoder,
  refuseTooDeep,
  sliceFields,
} from "./plain-decoder.ts";
import type { ProtoField, ProtoMessage } from "./proto-model.ts";
import type { WireReader } from "./wire.ts";

/** Where a body stands; `position`: which entry of its list it is, from 1. */
interface Body {
  readonly place: Place;
  readonly depth: number;
  readonly position?: number | undefined;
}

export interface BodyDecoderParts {
  readonly leaves: LeafCodecs;
  readonly plain: PlainDecoder;
  readonly report: DecodeReport;
}

/** Decodes the messages of data nodes into DataObjects, as their schema and types want them. */
export class BodyDecoder {
  readonly #leaves: LeafCodecs;
  readonly #plain: PlainDecoder;
  readonly #report: DecodeReport;

  constructor({ leaves, plain, report }: BodyDecoderParts) {
    this.#leaves = leaves;
    this.#plain = plain;
    this.#report = report;
  }

  /** Entries of a large list stand in a container or in the body itself: both are sliced. */
  *decoding(message: ProtoMessage, reader: WireReader, at: Body): Slices<DataObject> {
    const open = openBody(message, reader, at);
    for (let count = 1; !open.reader.done; count += 1) {
      this.#field(open);
      if (count % sliceFields === 0) yield;
    }
    for (const [field, parts] of open.containers ?? []) {
      const inner = containerAt(open, field);
      const object = yield* this.decoding(this.#plain.messageOf(field), joined(parts), inner);
      open.filling.container(field.node as ContainerSchema, object);
    }
    return this.#close(open);
  }

  #whole(message: ProtoMessage, reader: WireReader, at: Body): DataObject {
    const open = openBody(message, reader, at);
    while (!open.reader.done) this.#field(open);
    for (const [field, parts] of open.containers ?? []) {
      const inner = containerAt(open, field);
      const object = this.#whole(this.#plain.messageOf(field), joined(parts), inner);
      open.filling.container(field.node as ContainerSchema, object);
    }
    return this.#close(open);
  }

  #field(open: OpenBody): void {
    const next = this.#next(open);
    if (next === undefined) return;
    const { field, place, wireType } = next;
    const { reader, filling, at } = open;
    if (next.node.kind === "container") keepContainer(open, field, reader.bytes());
    else this.#member(field, { reader, wireType }, { filling, place, depth: at.depth });
  }

  /** The next field that belongs to a node; one that does not is reported and skipped. */
  #next({ message, reader, place }: OpenBody) {
    const { number, wireType } = reader.tag();
    const field = fieldsOf(message).get(number);
    const node = field?.node;
    if (field === undefined || node === undefined) {
      this.#report.unknown(message, { number, wireType, reader }, place);
      return undefined;
    }
    const nodePlace = (): string => `${place()}/${node.jsonName}`;
    if (!fits(field, wireType)) {
      this.#report.misfit(field, { wireType, reader }, nodePlace);
      return undefined;
    }
    if (!node.config) this.#report.state(nodePlace);
    return { field, node, wireType, place: nodePlace };
  }

  #close({ message, filling, place }: OpenBody): DataObject {
    this.#finishBits(filling, place);
    this.#checkCases(message.schema as ParentSchema, filling.object, place);
    return filling.object;
  }

  #member(field: ProtoField, spot: Spot, at: Membership): void {
    const node = field.node as DataSchema;
    if (node.kind === "list") this.#entry(field, spot.reader, at);
    else if (node.kind === "anydata") at.filling.set(node, this.#anydata(field, spot, at.place));
    else for (const raw of this.#plain.values(field, spot, at.depth)) this.#leaf(field, raw, at);
  }

  #entry(field: ProtoField, reader: WireReader, { filling, place, depth }: Membership): void {
    refuseTooDeep(depth);
    const list = field.node as ListSchema;
    const position = filling.nextPosition(list);
    const known = this.#report.count;
    const at = { place, depth: depth + 1, position };
    const entry = this.#whole(this.#plain.messageOf(field), reader.nested(), at);
    const isSound = this.#report.count === known;
    this.#addEntry(list, entry, { filling, place, position, isSound });
  }

  #addEntry(
    list: ListSchema,
    entry: DataObject,
    { filling, place, position, isSound }: EntrySpot,
  ): void {
    const missing = list.keys.filter(({ prop }) => !Object.hasOwn(entry, prop));
    // A key that is there and wrong has its own violation.
    for (const key of isSound ? missing : []) {
      const message = `key ${key.name} is missing`;
      this.#report.unread(() => `${place()}[${position}]`, { tag: "missing-element", message });
    }
    if (missing.length === 0 && !filling.entry(list, entry)) {
      const keys = keysOf(list, entry);
      const entryPlace = () => place() + printKeys(list, keys);
      this.#report.fault(entryPlace, { tag: "bad-element", message: "is given twice" });
    }
  }

  #leaf(field: ProtoField, raw: unknown, { filling, place }: Membership): void {
    const node = field.node as LeafSchema | LeafListSchema;
    if (node.kind === "leaf" && field.repeated) {
      filling.bit(field, raw);
      return;
    }
    const value = this.#leafValue(field, raw, place);
    if (value === undefined) return;
    if (node.kind === "leaf") filling.set(node, value);
    else if (!filling.append(node, value)) {
      const message = `${node.type.toText(value)} is given twice`;
      this.#report.fault(place, { tag: "bad-element", message });
    }
  }

  /** A leaf's value, reported if its type refuses it. */
  #leafValue(field: ProtoField, raw: unknown, place: Place): LeafValue | undefined {
    try {
      return this.#leaves.of(field.node as LeafSchema | LeafListSchema, field).fromProto(raw);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const { message, appTag } = error;
      const tagged = appTag === undefined ? {} : { appTag };
      this.#report.unread(place, { tag: "invalid-value", message, ...tagged });
      return undefined;
    }
  }

  #finishBits(filling: Filling, place: Place): void {
    for (const [field, raw] of filling.bits ?? []) {
      const node = field.node as LeafSchema;
      const value = this.#leafValue(field, raw, () => `${place()}/${node.jsonName}`);
      if (value !== undefined) filling.set(node, value);
    }
    filling.freeze();
  }

  #anydata(field: ProtoField, spot: Spot, place: Place): Anydata {
    const text = this.#plain.scalars(field, spot)[0] as string;
    try {
      return { anydata: readJson(text, "value", place) };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      for (const { path, ...fault } of error.violations) this.#report.unread(() => path, fault);
      return { anydata: null };
    }
  }

  /** Nodes of two cases of one choice (RFC 7950 §8.3.1). */
  #checkCases(schema: ParentSchema, object: DataObject, place: Place): void {
    if (schema.choices.length === 0) return;
    const chosen = new Map<ChoiceSchema, string>();
    for (const { prop, inCase, jsonName } of schema.children) {
      if (!Object.hasOwn(object, prop)) continue;
      for (const message of choose(inCase, chosen)) {
        this.#report.unread(() => `${place()}/${jsonName}`, { tag: "bad-element", message });
      }
    }
  }
}

/** Notes the cases that a node is in, and says which of them another one excludes. */
function* choose(
  inCase: CaseMembership | undefined,
  chosen: Map<ChoiceSchema, string>,
): Generator<string> {
  for (let at = inCase; at; at = at.outer) {
    const first = chosen.get(at.choice) ?? at.caseName;
    chosen.set(at.choice, first);
    if (first !== at.caseName) {
      yield `belongs to case ${at.caseName}, beside a node of case ${first}`;
    }
  }
}

/** The object that a node belongs to, and where the node is. */
interface Membership {
  readonly filling: Filling;
  readonly place: Place;
  readonly depth: number;
}

interface EntrySpot {
  readonly filling: Filling;
  readonly place: Place;
  readonly position: number;
  /** Nothing in it was reported. */
  readonly isSound: boolean;
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
