import type {
  DataSchema,
  NotificationSchema,
  OperationSchema,
  ParentSchema,
} from "../../datamodel/schema/schema.ts";
import type { MessageBuilder } from "./messages.ts";
import { bodyField, type Fixed, fixedField, isFixed } from "./method-fields.ts";
import { type KeyBuilder, type MethodNode, plainKey } from "./method-keys.ts";
import { snakeCase, typeName } from "./naming.ts";
import type {
  MethodBinding,
  MethodVerb,
  ProtoField,
  ProtoMessage,
  ProtoMethod,
} from "./proto-model.ts";

/** A data node, operation or notification that gets methods, and what they are called after. */
export interface Subject {
  readonly node: MethodNode;
  readonly verbs: readonly MethodVerb[];
  /** N of ARCHITECTURE §5, settled. */
  readonly name: string;
}

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

export interface MethodBuilderParts {
  readonly messages: MessageBuilder;
  /** Full names of the messages of lists and containers. */
  readonly types: ReadonlyMap<ParentSchema, string>;
  readonly keys: KeyBuilder;
}

/** Builds the methods of a subject with their request and response messages. */
export class MethodBuilder {
  readonly #package: string;
  readonly #messages: MessageBuilder;
  readonly #types: ReadonlyMap<ParentSchema, string>;
  readonly #keys: KeyBuilder;

  constructor(packageName: string, { messages, types, keys }: MethodBuilderParts) {
    this.#package = packageName;
    this.#messages = messages;
    this.#types = types;
    this.#keys = keys;
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
    const keys = this.#keys.keys(node, form.ownKeys);
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
    const keys = this.#keys.keys(node, false);
    const changeKeys = this.#keys.keys(node, true);
    const body = { ...this.#body(node), oneof: "change" };
    const scope = `${this.#package}.${methodName}Response`;
    const change = message(`${scope}.Change`, [
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
    const keys = this.#keys.keys(node, true);
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
    const keys = this.#keys.keys(node, true);
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
    const [inRequest, inResponse] = nested;
    const requestName = `${this.#package}.${name}Request`;
    const request = message(requestName, parts.request, inRequest);
    const response = message(`${this.#package}.${name}Response`, parts.response, inResponse);
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
  #body(node: MethodNode): ProtoField {
    const fullName = this.#types.get(node as ParentSchema) ?? "";
    const name = this.#messages.fields.get(node as DataSchema)?.name ?? snakeCase(node.name);
    return bodyField(isFixed(name) ? `${name}_node` : name, fullName);
  }
}

function message(
  fullName: string,
  fields: readonly ProtoField[],
  messages: readonly ProtoMessage[] = [],
): ProtoMessage {
  const name = fullName.slice(fullName.lastIndexOf(".") + 1);
  return { name, fullName, fields, messages, enums: [], reserved: [] };
}

function verbName(verb: string): string {
  return verb.charAt(0).toUpperCase() + verb.slice(1);
}
