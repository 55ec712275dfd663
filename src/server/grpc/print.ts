import {
  allMessages,
  type ProtoEnum,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  type ProtoMethod,
  type ProtoType,
  type Reserved,
} from "./proto-model.ts";

/** A file as proto3 text, the way `buf format` would lay it out. */
export function printProto(file: ProtoFile): string {
  const names = new Set<string>();
  for (const message of allMessages(file.messages)) {
    names.add(message.fullName);
    for (const { fullName } of message.enums) names.add(fullName);
  }
  const printer = new Printer(names);
  return `${printer.file(file).join("\n")}\n`;
}

class Printer {
  readonly #names: ReadonlySet<string>;

  constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  file(file: ProtoFile): string[] {
    return [
      ...comment(file.comment, ""),
      'syntax = "proto3";',
      "",
      `package ${file.package};`,
      ...(file.imports.length > 0 ? ["", ...file.imports.map((name) => `import "${name}";`)] : []),
      ...file.services.flatMap((service) => [
        "",
        ...comment(service.comment, ""),
        ...block(
          `service ${service.name}`,
          "",
          service.methods.flatMap((method) => this.#method(method, file.package)),
        ),
      ]),
      ...file.messages.flatMap((message) => ["", ...this.#message(message, "")]),
    ];
  }

  #method(method: ProtoMethod, scope: string): string[] {
    const stream = (streaming: boolean | undefined): string => (streaming ? "stream " : "");
    const request = stream(method.clientStreaming) + this.#reference(method.request, scope);
    const response = stream(method.serverStreaming) + this.#reference(method.response, scope);
    return [
      ...comment(method.comment, "  "),
      `  rpc ${method.name}(${request}) returns (${response});`,
    ];
  }

  #message(message: ProtoMessage, indent: string): string[] {
    const inner = `${indent}  `;
    return [
      ...comment(message.comment, indent),
      ...block(`message ${message.name}`, indent, [
        ...reserved(message.reserved, inner),
        ...message.enums.flatMap((nested) => printEnum(nested, inner)),
        ...message.messages.flatMap((nested) => this.#message(nested, inner)),
        ...this.#fields(message, inner),
      ]),
    ];
  }

  #fields({ fields, fullName }: ProtoMessage, indent: string): string[] {
    const lines: string[] = [];
    let open: string | undefined;
    for (const field of fields) {
      if (open !== undefined && field.oneof !== open) lines.push(`${indent}}`);
      if (field.oneof !== undefined && field.oneof !== open) {
        lines.push(`${indent}oneof ${field.oneof} {`);
      }
      open = field.oneof;
      lines.push(...this.#field(field, fullName, open === undefined ? indent : `${indent}  `));
    }
    return open === undefined ? lines : [...lines, `${indent}}`];
  }

  #field(field: ProtoField, scope: string, indent: string): string[] {
    const label = field.repeated ? "repeated " : field.optional ? "optional " : "";
    const type = this.#type(field.type, scope);
    return [
      ...comment(field.comment, indent),
      `${indent}${label}${type} ${field.name} = ${field.number};`,
    ];
  }

  #type(type: ProtoType, scope: string): string {
    if ("scalar" in type) return type.scalar;
    return this.#reference("message" in type ? type.message : type.enum, scope);
  }

  /** The shortest name that protoc's scoping rules lead to the type. */
  #reference(target: string, scope: string): string {
    if (!this.#names.has(target)) return target;
    const parts = target.split(".");
    for (let count = 1; count <= parts.length; count += 1) {
      const short = parts.slice(-count).join(".");
      if (this.#resolve(short, scope) === target) return short;
    }
    return `.${target}`;
  }

  /**
   * protoc looks for the first part from the innermost scope outwards and then does not go back.
   */
  #resolve(name: string, scope: string): string | undefined {
    const [first = ""] = name.split(".");
    for (let at = scope; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
      if (this.#names.has(`${at}.${first}`)) return `${at}.${name}`;
    }
    return undefined;
  }
}

function printEnum(printed: ProtoEnum, indent: string): string[] {
  const inner = `${indent}  `;
  return [
    ...comment(printed.comment, indent),
    ...block(`enum ${printed.name}`, indent, [
      ...reserved(printed.reserved, inner),
      ...printed.values.flatMap((value) => [
        ...comment(value.comment, inner),
        `${inner}${value.name} = ${value.number};`,
      ]),
    ]),
  ];
}

function reserved(entries: readonly Reserved[], indent: string): string[] {
  if (entries.length === 0) return [];
  const numbers = entries.map(({ number }) => number).join(", ");
  const names = entries.map(({ name }) => `"${name}"`).join(", ");
  return [`${indent}reserved ${numbers};`, `${indent}reserved ${names};`];
}

function block(head: string, indent: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? [`${indent}${head} {}`]
    : [`${indent}${head} {`, ...lines, `${indent}}`];
}

function comment(text: string | undefined, indent: string): string[] {
  if (text === undefined) return [];
  return text.split(/\r?\n/).map((line) => {
    // A comment ends at any of these for some reader of .proto files; YANG text may hold them.
    const clean = line.replace(/[\p{Cc}\u2028\u2029]/gu, " ").trim();
    return `${indent}// ${clean}`.trimEnd();
  });
}
