import type { IrModule } from "../datamodel/schema/ir.ts";

/** Whether the module has cubes: other modules have what all services share. */
export function isService({ name, data }: IrModule): boolean {
  const cube = data.find((node) => node.name === name);
  return cube?.kind === "list" && cube.children.some((child) => child.name === "service-name");
}
