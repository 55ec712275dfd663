import type {
  ContainerSchema,
  DataSchema,
  LeafSchema,
  ListSchema,
  NotificationSchema,
  OperationSchema,
  ParentSchema,
} from "../../datamodel/schema/schema.ts";
import { GenerationError } from "./generation-error.ts";
import type { MessageBuilder } from "./messages.ts";
import { snakeCase, typeName } from "./naming.ts";
import type {
  KeyField,
  MethodBinding,
  MethodVerb,
  ProtoField,
  ProtoMessage,
  ProtoMethod,
  ProtoType,
} from "./proto-model.ts";

/** A data node, operation or notification that gets methods, and what they are called after. */
export interface Subject {
  readonly node: ListSchema | ContainerSchema | OperationSchema | NotificationSchema;
  readonly verbs: readonly MethodVerb[];
  /** N of ARCHITECTURE §5, settled. */
  readonly name: string;
}

/** Fixed numbers of request and response fields; 1–15 are keys. */
const numbers = {
  body: 16,
  update_mask: 17,
  removed: 17,
  allow_missing: 18,
  options: 19,
  page_size: 20,
  page_token: 21,
  next_page_token: 21,
  read: 22,
  commit: 23,
  commit_id: 24,
} as const;

const keysMax = 15;
const core = "yangplane.core.v1";

const fixed: Record<Exclude<keyof typeof numbers, "body">, ProtoType> = {
  update_mask: { message: "google.protobuf.FieldMask" },
  removed: { message: "google.protobuf.Empty" },
  allow_missing: { scalar: "bool" },
  options: { message: `${core}.WriteOptions` },
  page_size: { scalar: "int32" },
  page_token: { scalar: "string" },
  next_page_token: { scalar: "string" },
  read: { message: `${core}.ReadOptions` },
  commit: { message: `${core}.Commit` },
  commit_id: { scalar: "string" },
};

type Fixed = keyof typeof fixed;

/** What each verb is asked with and answers with, besides keys. */
const forms: Record<
  Exclude<MethodVerb, "watch" | "invoke" | "notify">,
  { ownKeys: boolean; body: boolean; request: Fixed[]; response: Fixed[]; answer: boolean }
> = {
  get: { ownKeys: true, body: false, request: ["read"], response: ["commit_id"], answer: true },
  list: {
    ownKeys: false,
    body: false,
    request: ["page_size", "page_token", "read"],
    response: ["next_page_token", "commit_id"],
    answer: true,
  },
  create: { ownKeys: false, body: true, request: ["options"], response: ["commit"], answer: true },
  update: {
    ownKeys: false,
    body: true,
    request: ["update_mask", "allow_missing", "options"],
    response: ["commit"],
    answer: true,
  },
  delete: {
    ownKeys: true,
    body: false,
    request: ["allow_missing", "options"],
    response: ["commit"],
    answer: false,
  },
};

const summaries: Record<MethodVerb, string> = {
  get: "Reads one {} with all below it.",
  list: "Reads every {} below the given parents, in pages.",
  create: "Creates one {}; ALREADY_EXISTS if it is there.",
  update: "Merges into one {}, or replaces what the mask names.",
  delete: "Deletes one {}.",
  watch: "Tells every {}, then every change.",
  invoke: "Runs {}.",
  notify: "Tells every {} as it happens.",
};

export interface BuiltMethod {
  readonly method: ProtoMethod;
  readonly messages: readonly ProtoMessage[];
}

/** Builds the methods of a subject with their request and response messages. */
export class MethodBuilder {
  readonly #package: string;
  readonly #messages: MessageBuilder;
  /** Full names of the messages of lists and containers. */
  readonly #types: ReadonlyMap<ParentSchema, string>;

  constructor(
    packageName: string,
    messages: MessageBuilder,
    types: ReadonlyMap<ParentSchema, string>,
  ) {
    this.#package = packageName;
    this.#messages = messages;
    this.#types = types;
  }

  build(subject: Subject): BuiltMethod[] {
    return subject.verbs.map((verb) => {
      if (verb === "watch") return this.#watch(subject);
      if (verb === "invoke") return this.#invoke(subject);
      return verb === "notify" ? this.#notify(subject) : this.#crud(subject, verb);
    });
  }

  #crud({ node, name }: Subject, verb: keyof typeof forms): BuiltMethod {
    const form = forms[verb];
    const keys = this.#keys(node, form.ownKeys);
    const body = this.#body(node);
    const repeated = verb === "list";
    const request = [
      ...keys.map(({ field }) => field),
      ...(form.body ? [body] : []),
      ...form.request.map(fixedField),
    ];
    const response = [
      ...(form.answer ? [repeated ? { ...body, repeated } : body] : []),
      ...form.response.map(fixedField),
    ];
    const binding = {
      verb,
      target: node,
      keys: keys.map(plainKey),
      changeKeys: [],
      body: body.name,
    };
    return this.#method(`${verbName(verb)}${name}`, { binding, request, response });
  }

  #watch({ node, name }: Subject): BuiltMethod {
    const methodName = `Watch${name}`;
    const keys = this.#keys(node, false);
    const changeKeys = this.#keys(node, true);
    const body = { ...this.#body(node), oneof: "change" };
    const scope = `${this.#package}.${methodName}Response`;
    const change = message(scope, "Change", [
      ...changeKeys.map(({ field }) => field),
      body,
      { ...fixedField("removed"), oneof: "change" },
    ]);
    const response: ProtoField[] = [
      { name: "changes", number: 1, type: { message: change.fullName }, repeated: true },
      { name: "synced", number: 2, type: { scalar: "bool" } },
      { name: "more", number: 3, type: { scalar: "bool" } },
      { name: "commit_id", number: 4, type: { scalar: "string" } },
      { name: "time", number: 5, type: { message: "google.protobuf.Timestamp" } },
    ];
    const binding: MethodBinding = {
      verb: "watch",
      target: node,
      keys: keys.map(plainKey),
      changeKeys: changeKeys.map(plainKey),
      body: body.name,
    };
    const request = [...keys.map(({ field }) => field), fixedField("read")];
    return this.#method(methodName, { binding, request, response, nested: [[], [change]] });
  }

  #invoke({ node, name }: Subject): BuiltMethod {
    const operation = node as OperationSchema;
    const keys = this.#keys(node, true);
    const build = (which: "input" | "output", owner: string): ProtoMessage =>
      this.#messages.message(operation[which], {
        name: typeName(which),
        scope: `${this.#package}.${name}${owner}`,
      });
    const input = build("input", "Request");
    const output = build("output", "Response");
    const request = [
      ...keys.map(({ field }) => field),
      bodyField("input", input.fullName),
      fixedField("options"),
    ];
    const response = [bodyField("output", output.fullName), fixedField("commit")];
    const binding: MethodBinding = {
      verb: "invoke",
      target: operation,
      keys: keys.map(plainKey),
      changeKeys: [],
      body: "input",
    };
    return this.#method(name, { binding, request, response, nested: [[input], [output]] });
  }

  #notify({ node, name }: Subject): BuiltMethod {
    const notification = node as NotificationSchema;
    const methodName = `Watch${name}`;
    const keys = this.#keys(node, true);
    const scope = `${this.#package}.${methodName}Response`;
    const body = this.#messages.message(notification, { name: typeName(notification.name), scope });
    const fieldName = snakeCase(notification.name);
    const response = [
      ...keys.map(({ field }) => field),
      bodyField(fieldName, body.fullName),
      { name: "time", number: 17, type: { message: "google.protobuf.Timestamp" } },
    ];
    const plainKeys = keys.map(plainKey);
    const binding: MethodBinding = {
      verb: "notify",
      target: notification,
      keys: plainKeys,
      changeKeys: plainKeys,
      body: fieldName,
    };
    const request = keys.map(({ field }) => field);
    return this.#method(methodName, { binding, request, response, nested: [[], [body]] });
  }

  #method(
    name: string,
    parts: {
      readonly binding: MethodBinding;
      readonly request: readonly ProtoField[];
      readonly response: readonly ProtoField[];
      readonly nested?: readonly [readonly ProtoMessage[], readonly ProtoMessage[]];
    },
  ): BuiltMethod {
    const { binding, nested = [[], []] } = parts;
    const request = message(this.#package, `${name}Request`, parts.request, nested[0]);
    const response = message(this.#package, `${name}Response`, parts.response, nested[1]);
    const { verb } = binding;
    const method: ProtoMethod = {
      name,
      request: request.fullName,
      response: response.fullName,
      ...(verb === "watch" || verb === "notify" ? { serverStreaming: true } : {}),
      comment: summaries[verb].replace("{}", `\`${binding.target.name}\``),
      binding,
    };
    return { method, messages: [request, response] };
  }

  /** The entry in requests and answers; a node called like a fixed field steps aside. */
  #body(node: Subject["node"]): ProtoField {
    const fullName = this.#types.get(node as ParentSchema) ?? "";
    const name = this.#messages.fields.get(node as DataSchema)?.name ?? snakeCase(node.name);
    return bodyField(name in numbers ? `${name}_node` : name, fullName);
  }

  #keys(node: Subject["node"], withOwn: boolean): BuiltKey[] {
    const lists = ancestorLists(node, withOwn);
    const keys = lists.flatMap((list) => list.keys.map((leaf) => ({ list, leaf })));
    if (keys.length > keysMax) {
      throw new GenerationError(`${node.path}: has ${keys.length} keys, more than ${keysMax}`);
    }
    const taken = new Set<string>(Object.keys(numbers));
    return keys.map(({ list, leaf }, index) => {
      const name = this.#keyName(list, leaf, taken);
      taken.add(name);
      return { field: this.#keyField(leaf, { name, number: index + 1 }), list, leaf };
    });
  }

  #keyName(list: ListSchema, leaf: LeafSchema, taken: ReadonlySet<string>): string {
    const own = this.#messages.fields.get(leaf)?.name ?? snakeCase(leaf.name);
    const short = [...this.pathNames(list), own].join("_");
    if (!taken.has(short)) return short;
    const top = topOf(list);
    return [this.#messages.fields.get(top)?.name ?? snakeCase(top.name), short].join("_");
  }

  #keyField(leaf: LeafSchema, { name, number }: { name: string; number: number }): ProtoField {
    const inEntry = this.#messages.fields.get(leaf);
    const type = inEntry?.type ?? { scalar: "string" };
    return { name, number, type, ...(inEntry?.repeated ? { repeated: true } : {}), node: leaf };
  }

  /** Field names from below the top node; the top node itself is its own name. */
  pathNames(node: DataSchema): string[] {
    const names: string[] = [];
    for (let at: ParentSchema | DataSchema = node; "parent" in at; at = at.parent) {
      const isTop = at.parent.kind === "root";
      if (isTop && names.length > 0) break;
      const isData = at.kind !== "notification";
      if (isData)
        names.unshift(this.#messages.fields.get(at as DataSchema)?.name ?? snakeCase(at.name));
    }
    return names;
  }
}

interface BuiltKey extends Omit<KeyField, "field"> {
  readonly field: ProtoField;
}

function plainKey({ field, list, leaf }: BuiltKey): KeyField {
  return { field: field.name, list, leaf };
}

function fixedField(name: Fixed): ProtoField {
  return { name, number: numbers[name], type: fixed[name] };
}

function bodyField(name: string, fullName: string): ProtoField {
  return { name, number: numbers.body, type: { message: fullName } };
}

function message(
  scope: string,
  name: string,
  fields: readonly ProtoField[],
  messages: readonly ProtoMessage[] = [],
): ProtoMessage {
  return { name, fullName: `${scope}.${name}`, fields, messages, enums: [], reserved: [] };
}

function verbName(verb: string): string {
  return verb.charAt(0).toUpperCase() + verb.slice(1);
}

function topOf(node: DataSchema): DataSchema {
  let at = node;
  while (at.parent.kind === "container" || at.parent.kind === "list") at = at.parent;
  return at;
}

/** Lists from the root to a node; `withOwn` includes the node if it is one. */
function ancestorLists(node: Subject["node"], withOwn: boolean): ListSchema[] {
  const lists: ListSchema[] = [];
  const isList = "kind" in node && node.kind === "list";
  let at: ParentSchema | undefined = withOwn && isList ? node : node.parent;
  while (at !== undefined && at.kind !== "root" && at.kind !== "parameters") {
    if (at.kind === "list") lists.unshift(at);
    at = at.parent;
  }
  return lists;
}
