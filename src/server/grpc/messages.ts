import type {
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ParentSchema,
  Schema,
} from "../../datamodel/schema/schema.ts";
import { GenerationError } from "./generation-error.ts";
import { elementForm, type LeafForm, leafForm, type UnionMember } from "./leaf-form.ts";
import type { Assigned, LockBook, LockEntry, LockItem } from "./lock.ts";
import { enumPrefix, enumValueName, snakeCase, typeName } from "./naming.ts";
import type {
  ProtoEnum,
  ProtoEnumValue,
  ProtoField,
  ProtoMessage,
  ProtoType,
} from "./proto-model.ts";

/** What a message is built for: its place in the package and in the lock. */
export interface MessagePlace {
  readonly name: string;
  /** Package or enclosing message. */
  readonly scope: string;
  readonly comment?: string | undefined;
}

/** A field with the types nested for it. */
interface Member {
  readonly field: ProtoField;
  readonly messages: readonly ProtoMessage[];
  readonly enums: readonly ProtoEnum[];
}

/** Builds messages from data nodes and remembers which field each node has. */
export class MessageBuilder {
  readonly #schema: Schema;
  readonly #module: string;
  readonly #book: LockBook;
  /** Name and type of the field of each data node. */
  readonly fields = new Map<DataSchema, ProtoField>();

  constructor(schema: Schema, module: string, book: LockBook) {
    this.#schema = schema;
    this.#module = module;
    this.#book = book;
  }

  /** Path in the lock: the module's own prefix is understood. */
  lockPath(path: string): string {
    return path.startsWith(`/${this.#module}:`) ? `/${path.slice(this.#module.length + 2)}` : path;
  }

  /** The message of a container, list entry, input, output or notification. */
  message(parent: Exclude<ParentSchema, { kind: "root" }>, place: MessagePlace): ProtoMessage {
    const fullName = nestedName(place.scope, place.name, parent.path);
    const group = `${this.lockPath(parent.path)}/`;
    const items = keysFirst(parent).map((node) => this.#item(node, parent.module));
    const assigned = this.#book.assign(
      group,
      items.map(({ item }) => item),
    );
    const values = new Set<string>();
    const members = items.map(({ node }, index) =>
      this.#member(node, assigned[index] as Assigned, { fullName, values }),
    );
    return {
      name: place.name,
      fullName,
      ...commented(place.comment),
      fields: members.map(({ field }) => field),
      messages: members.flatMap(({ messages }) => messages),
      enums: members.flatMap(({ enums }) => enums),
      reserved: reservedOf(
        this.#book.vanished(
          group,
          items.map(({ item }) => item),
        ),
      ),
      schema: parent,
    };
  }

  /** Top-level nodes are no members of a message, but their names are promises too. */
  topLevel(nodes: readonly DataSchema[]): Assigned[] {
    const items = nodes.map((node) => this.#item(node, this.#module).item);
    return this.#book.assign("/", items);
  }

  #item(node: DataSchema, module: string): { node: DataSchema; item: LockItem } {
    const name = snakeCase(node.name);
    const prefix = this.#schema.modules.get(node.module)?.prefix ?? node.module;
    const fallbacks =
      node.module === module
        ? []
        : [prefix, node.module].map((qualifier) => `${snakeCase(qualifier)}_${name}`);
    const path = this.lockPath(node.path);
    return { node, item: { path, wire: wireOf(node), name, fallbacks, identity: fieldIdentity } };
  }

  #member(node: DataSchema, { name, number }: Assigned, scope: EnumScope): Member {
    const member = this.#typed(node, typeName(name), scope);
    const scalar = "scalar" in member.type || "enum" in member.type;
    const field: ProtoField = {
      name,
      number,
      type: member.type,
      ...(member.repeated ? { repeated: true } : scalar ? { optional: true } : {}),
      ...commented(node.ir.description),
      node,
    };
    this.fields.set(node, field);
    return { field, messages: member.messages, enums: member.enums };
  }

  #typed(node: DataSchema, name: string, scope: EnumScope): Typed {
    if (node.kind === "container" || node.kind === "list") {
      const comment = node.ir.description;
      const message = this.message(node, { name, scope: scope.fullName, comment });
      const repeated = node.kind === "list";
      return { type: { message: message.fullName }, repeated, messages: [message], enums: [] };
    }
    if (node.kind === "anydata") return { ...plain, type: { scalar: "string" }, repeated: false };
    return this.#leaf(node, name, scope);
  }

  #leaf(node: LeafSchema | LeafListSchema, name: string, scope: EnumScope): Typed {
    const form = node.kind === "leaf" ? leafForm(node.ir.type) : elementForm(node.ir.type);
    const path = this.lockPath(node.path);
    const repeated = node.kind === "leaf-list" || form.kind === "bits";
    return { ...this.#form(form, { path, name, scope }), repeated };
  }

  #form(form: LeafForm, at: TypePlace): Omit<Typed, "repeated"> {
    switch (form.kind) {
      case "scalar":
        return { ...plain, type: { scalar: form.scalar } };
      case "known":
        return { ...plain, type: { message: form.message } };
      case "union": {
        const message = this.#union(form.members, at);
        return { ...plain, type: { message: message.fullName }, messages: [message] };
      }
      default: {
        const built = this.#enum(form.members, at);
        return { ...plain, type: { enum: built.fullName }, enums: [built] };
      }
    }
  }

  #union(members: readonly UnionMember[], { path, name, scope }: TypePlace): ProtoMessage {
    const fullName = nestedName(scope.fullName, name, path);
    const group = `${path}|`;
    const items = members.map(({ base, form }) => ({
      path: `${group}${base}`,
      wire: formWire(form),
      name: snakeCase(base),
      fallbacks: [],
      identity: fieldIdentity,
    }));
    const assigned = this.#book.assign(group, items);
    const inner = { fullName, values: new Set<string>() };
    const built = members.map(({ base, form }, index) => {
      const place = { path: `${group}${base}`, name: typeName(base), scope: inner };
      const typed = this.#form(form, place);
      const { name: fieldName, number } = assigned[index] as Assigned;
      return { typed, field: { name: fieldName, number, type: typed.type, oneof: "value" } };
    });
    return {
      name,
      fullName,
      comment: `One of the forms a value can have.`,
      fields: built.map(({ field }) => field),
      messages: [],
      enums: built.flatMap(({ typed }) => typed.enums),
      reserved: reservedOf(this.#book.vanished(group, items)),
    };
  }

  #enum(members: readonly YangName[], { path, name, scope }: TypePlace): ProtoEnum {
    const group = `${path}#`;
    const prefix = enumPrefix(name);
    const items = members.map((member) => ({
      path: `${group}${member.name}`,
      wire: "enum value",
      ...enumNames(prefix, member.name),
      identity: enumIdentity,
    }));
    scope.values.add(`${prefix}_UNSPECIFIED`);
    const assigned = this.#book.assign(group, items, scope.values);
    for (const value of assigned) scope.values.add(value.name);
    const values = assigned.map((value, index): ProtoEnumValue => {
      const member = members[index];
      return { ...value, yang: member?.name ?? "", ...commented(member?.description) };
    });
    return {
      name,
      fullName: `${scope.fullName}.${name}`,
      values: [{ name: `${prefix}_UNSPECIFIED`, number: 0 }, ...values],
      reserved: reservedOf(this.#book.vanished(group, items)),
    };
  }
}

/** Messages that protoc takes within one another, the outermost included. */
const nestingMax = 31;
/** Of `yangplane.<module>.v1`. */
const packageParts = 3;

/** @throws GenerationError */
function nestedName(scope: string, name: string, path: string): string {
  const fullName = `${scope}.${name}`;
  if (fullName.split(".").length - packageParts <= nestingMax) return fullName;
  throw new GenerationError(`${path}: protoc takes no more than ${nestingMax} nested messages`);
}

interface YangName {
  readonly name: string;
  readonly description?: string;
}

interface EnumScope {
  readonly fullName: string;
  /** Names of enum values so far: those of all enums of a message share its scope. */
  readonly values: Set<string>;
}

interface TypePlace {
  readonly path: string;
  readonly name: string;
  readonly scope: EnumScope;
}

interface Typed {
  readonly type: ProtoType;
  readonly repeated: boolean;
  readonly messages: readonly ProtoMessage[];
  readonly enums: readonly ProtoEnum[];
}

const plain = { messages: [], enums: [] };

function keysFirst(parent: ParentSchema): readonly DataSchema[] {
  if (parent.kind !== "list") return parent.children;
  const keys = new Set<DataSchema>(parent.keys);
  return [...parent.keys, ...parent.children.filter((child) => !keys.has(child))];
}

/** protoc refuses two fields whose names differ only in case and underscores. */
function fieldIdentity(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

/** Two YANG enums often differ in signs or case alone (`+`, `a-b`, `a_b`): they are numbered. */
function enumNames(prefix: string, yang: string): { name: string; fallbacks: string[] } {
  const name = `${prefix}_${enumValueName(yang)}`;
  return { name, fallbacks: Array.from({ length: 8 }, (_, index) => `${name}_${index + 2}`) };
}

function enumIdentity(name: string): string {
  return name.replaceAll("_", "").toUpperCase();
}

/** What a client's serialised data depends on. */
function wireOf(node: DataSchema): string {
  if (node.kind === "container") return "message";
  if (node.kind === "list") return "repeated message";
  if (node.kind === "anydata") return "string";
  if (node.kind === "leaf-list") return `repeated ${formWire(elementForm(node.ir.type))}`;
  const form = leafForm(node.ir.type);
  return form.kind === "bits" ? "repeated enum" : formWire(form);
}

function formWire(form: LeafForm): string {
  if (form.kind === "scalar") return form.scalar;
  if (form.kind === "known") return form.message;
  return form.kind === "union" ? "union" : "enum";
}

function reservedOf(entries: readonly LockEntry[]) {
  return entries.map(({ number, name }) => ({ number, name }));
}

function commented(comment: string | undefined): { comment: string } | Record<never, never> {
  return comment === undefined ? {} : { comment };
}
