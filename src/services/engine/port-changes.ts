import type { ListSchema } from "../../datamodel/schema/schema.ts";
import { emptyList, listChanges, type YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { baseOf, type CubeBase, type PortBase } from "./cube.ts";

/** A port by the names of its cube and itself. */
export interface PortName {
  readonly list: ListSchema;
  readonly cube: string;
  readonly port: string;
}

/** A port that came, changed or went. */
export interface PortChange {
  readonly name: PortName;
  readonly type: CubeBase["type"];
  readonly was: PortBase | undefined;
  readonly is: PortBase | undefined;
}

const noPorts = emptyList<PortBase, readonly [name: string]>(false);

/** The ports that differ between two versions of one service's cubes. */
export function portChanges(
  list: ListSchema,
  older: YangList<DataObject>,
  newer: YangList<DataObject>,
): PortChange[] {
  return [...listChanges(older, newer)].flatMap(([, was, is]) => {
    const { name: cube, type } = baseOf((is ?? was) as DataObject);
    const [before, after] = [was && baseOf(was).ports, is && baseOf(is).ports];
    return [...listChanges(before, after ?? noPorts)].map(([, portWas, portIs]) => {
      const port = (portIs ?? portWas)?.name ?? "";
      return { name: { list, cube, port }, type, was: portWas, is: portIs };
    });
  });
}

export function portText({ cube, port }: Omit<PortName, "list">): string {
  return `${cube}:${port}`;
}
