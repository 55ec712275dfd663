import type {
  IrCase,
  IrChoice,
  IrContainer,
  IrLeaf,
  IrLeafList,
  IrList,
  IrModule,
  IrNode,
  IrType,
} from "../../../src/datamodel/schema/ir.ts";

/** Builders for schemas small enough to stand in a test. */

const common = { module: "m", config: true } as const;
export const text: IrType = { base: "string" };
export const number: IrType = { base: "uint32" };

export function leaf(name: string, type: IrType = text, more: Partial<IrLeaf> = {}): IrLeaf {
  return { kind: "leaf", name, type, mandatory: false, ...common, ...more };
}

export function leafList(name: string, type: IrType = text, more: Partial<IrLeafList> = {}) {
  return { kind: "leaf-list", name, type, userOrdered: false, ...common, ...more } as const;
}

export function container(
  name: string,
  children: readonly IrNode[],
  more: Partial<IrContainer> = {},
): IrContainer {
  return { kind: "container", name, children, ...common, ...more };
}

export function list(
  name: string,
  children: readonly IrNode[],
  more: Partial<IrList> = {},
): IrList {
  return { kind: "list", name, keys: ["name"], userOrdered: false, children, ...common, ...more };
}

export function choice(
  name: string,
  cases: Readonly<Record<string, readonly IrNode[]>>,
  more: Partial<IrChoice> = {},
): IrChoice {
  const irCases = Object.entries(cases).map(
    ([caseName, children]): IrCase => ({ kind: "case", name: caseName, module: "m", children }),
  );
  return { kind: "choice", name, mandatory: false, cases: irCases, ...common, ...more };
}

export function xpath(expression: string) {
  return { expression, module: "m" };
}

export function module(data: readonly IrNode[], more: Partial<IrModule> = {}): IrModule {
  return {
    name: "m",
    namespace: "urn:m",
    prefix: "m",
    features: [],
    identities: [],
    data,
    rpcs: [],
    notifications: [],
    ...more,
  };
}
