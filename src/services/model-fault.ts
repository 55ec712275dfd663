import type { IrLeaf, IrList, IrModule, IrNode } from "../datamodel/schema/ir.ts";

/** What keeps a module from being the model of a service; `path` is a schema path. */
export interface ModelFault {
  readonly path: string;
  readonly message: string;
}

/** Leaves of a cube and of a port that the engine itself works with (yangplane-base). */
const cubeLeaves = ["name", "uuid", "service-name", "type", "loglevel"];
const portLeaves = ["name", "uuid", "index", "status", "peer"];
const assigned = ["uuid", "index"];

/** A service's model is one list of cubes, called as the module, made of the base groupings. */
export function modelFault(ir: IrModule, name: string): ModelFault | undefined {
  if (ir.name !== name) return { path: "", message: `module ${ir.name} is not called ${name}` };
  const [list, ...others] = ir.data;
  const [other] = others;
  if (other) return { path: `/${other.name}`, message: `${other.name} stands beside list ${name}` };
  const path = `/${name}`;
  if (list?.kind !== "list" || list.name !== name) {
    return { path, message: `the one top node is to be a list called ${name}` };
  }
  if (list.keys.join(" ") !== "name")
    return { path, message: `list ${name} is to have key "name"` };
  const ports = list.children.find((child): child is IrList => isNamed(child, "list", "ports"));
  const inCube = lackingLeaf(list, cubeLeaves);
  if (inCube) return { path, message: `list ${name} lacks ${inCube}: uses base:cube-base` };
  const inPort = ports && lackingLeaf(ports, portLeaves);
  if (!inPort) return undefined;
  return { path: `${path}/ports`, message: `list ports lacks ${inPort}: uses base:standard-base` };
}

function lackingLeaf(list: IrList, names: readonly string[]): string | undefined {
  return names.find((name) => {
    const leaf = list.children.find((child): child is IrLeaf => isNamed(child, "leaf", name));
    return leaf === undefined || (assigned.includes(name) && !isAssigned(leaf));
  });
}

function isNamed(node: IrNode, kind: IrNode["kind"], name: string): boolean {
  return node.kind === kind && node.name === name;
}

function isAssigned({ extensions = [] }: IrLeaf): boolean {
  return extensions.some(({ name }) => name === "yangplane-extensions:assigned");
}
