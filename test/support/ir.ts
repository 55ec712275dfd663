import type {
  IrCase,
  IrChoice,
  IrContainer,
  IrIdentity,
  IrLeaf,
  IrLeafList,
  IrList,
  IrModule,
  IrNode,
  IrNotification,
  IrOperation,
  IrType,
} from "../../src/datamodel/schema/ir.ts";
import { linkSchema, type Schema } from "../../src/datamodel/schema/schema.ts";

/**
 * Writes small IRs by hand: `module("m", [list("entry", "name", [leaf("name", "string")])])`.
 * Module and config are handed down; a node's last argument overrides anything else.
 */
export interface Surroundings {
  readonly module: string;
  readonly config: boolean;
}

export type Build<T extends IrNode = IrNode> = (at: Surroundings) => T;

/** A type, or the name of a built-in one without restrictions. */
export type TypeName =
  | "string"
  | "boolean"
  | "empty"
  | "binary"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64";

export function type(given: IrType | TypeName): IrType {
  return typeof given === "string" ? { base: given } : given;
}

export function leaf(
  name: string,
  ofType: IrType | TypeName,
  more: Partial<IrLeaf> = {},
): Build<IrLeaf> {
  return (at) => ({
    kind: "leaf",
    name,
    ...at,
    type: type(ofType),
    mandatory: false,
    ...more,
  });
}

export function leafList(
  name: string,
  ofType: IrType | TypeName,
  more: Partial<IrLeafList> = {},
): Build<IrLeafList> {
  return (at) => ({
    kind: "leaf-list",
    name,
    ...at,
    type: type(ofType),
    userOrdered: false,
    ...more,
  });
}

export function container(
  name: string,
  children: readonly Build[],
  more: Partial<Omit<IrContainer, "children">> = {},
): Build<IrContainer> {
  return (at) => {
    const own = { ...at, ...more };
    return { kind: "container", name, ...own, children: build(children, own) };
  };
}

/** `keys` as in YANG: names with spaces between them. */
export function list(
  name: string,
  keys: string,
  children: readonly Build[],
  more: Partial<Omit<IrList, "children">> = {},
): Build<IrList> {
  return (at) => {
    const own = { ...at, ...more };
    return {
      kind: "list",
      name,
      userOrdered: false,
      ...own,
      keys: keys.split(" ").filter((key) => key !== ""),
      children: build(children, own),
    };
  };
}

export function anydata(name: string, more: { config?: boolean } = {}): Build {
  return (at) => ({ kind: "anydata", name, ...at, mandatory: false, ...more });
}

export function choice(
  name: string,
  cases: Readonly<Record<string, readonly Build[]>>,
  more: Partial<Pick<IrChoice, "mandatory" | "default" | "when">> = {},
): Build<IrChoice> {
  return (at) => ({
    kind: "choice",
    name,
    ...at,
    mandatory: false,
    ...more,
    cases: Object.entries(cases).map(
      ([caseName, children]): IrCase => ({
        kind: "case",
        name: caseName,
        module: at.module,
        children: build(children, at),
      }),
    ),
  });
}

/** An action or rpc of a module. */
export function operation(
  name: string,
  module: string,
  parameters: { readonly input?: readonly Build[]; readonly output?: readonly Build[] } = {},
): IrOperation {
  const at = { module, config: true };
  return {
    kind: "operation",
    name,
    module,
    input: { children: build(parameters.input ?? [], at) },
    output: { children: build(parameters.output ?? [], at) },
  };
}

/** A notification of a module, or of one of its nodes. */
export function notification(
  name: string,
  module: string,
  children: readonly Build[],
): IrNotification {
  const at = { module, config: true };
  return { kind: "notification", name, module, children: build(children, at) };
}

export function irModule(
  name: string,
  data: readonly Build[],
  more: Partial<Omit<IrModule, "data">> & { identities?: readonly IrIdentity[] } = {},
): IrModule {
  return {
    name,
    namespace: `urn:test:${name}`,
    prefix: name,
    features: [],
    identities: [],
    rpcs: [],
    notifications: [],
    ...more,
    data: build(data, { module: name, config: true }),
  };
}

/** The schema of a single module `m`. */
export function schemaOf(
  data: readonly Build[],
  more: Parameters<typeof irModule>[2] = {},
): Schema {
  return linkSchema([irModule("m", data, more)]);
}

function build(children: readonly Build[], at: Surroundings): IrNode[] {
  const { module, config } = at;
  return children.map((child) => child({ module, config }));
}
