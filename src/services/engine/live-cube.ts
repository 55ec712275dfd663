import type { ListSchema } from "../../datamodel/schema/schema.ts";
import { nodeAt } from "../../datamodel/tree/diff.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { Dataplane } from "../../dataplane/dataplane.ts";
import type { AnyCubeReader, AnyService } from "../any-service.ts";
import type { NodeRef } from "../operation.ts";
import { type CubeRuntime, cubeReader } from "./cube.ts";
import { refPath } from "./node-ref.ts";
import type { Planner } from "./planner.ts";

/** A cube with all that is needed to call its service. */
export interface LiveCube {
  readonly list: ListSchema;
  readonly runtime: CubeRuntime;
  readonly config: DataObject;
  readonly service: AnyService;
  readonly reader: AnyCubeReader;
}

export interface LiveCubeParts {
  readonly dataplane: Dataplane;
  readonly planner: Planner;
  /** The running configuration. */
  readonly root: () => DataObject;
}

/** The cube that a path leads to or into, as it is configured now. */
export function cubeAt(parts: LiveCubeParts, [first]: InstancePath): LiveCube | undefined {
  if (first?.schema.kind !== "list" || first.keys === undefined) return undefined;
  if (!parts.planner.services.has(first.schema)) return undefined;
  const config = nodeAt(parts.root(), [first]) as DataObject | undefined;
  const { loaded } = parts.planner;
  const runtime = config && loaded.of(config);
  if (config === undefined || runtime === undefined) return undefined;
  const view = { config, facts: loaded.latest(runtime) };
  const reader = cubeReader(parts.dataplane, runtime, view);
  return { list: first.schema, runtime, config, service: runtime.service, reader };
}

/** A loaded cube, while it is configured. */
export function liveCube(parts: LiveCubeParts, { list, name }: CubeRuntime): LiveCube | undefined {
  return cubeAt(parts, [{ schema: list, keys: [name] }]);
}

/** Paths of the nodes that a service names below a cube. */
export function pathsBelow({ list, config }: LiveCube, refs: readonly NodeRef[]): InstancePath[] {
  return refs.map((ref) => refPath(list, String(config["name"]), ref));
}
