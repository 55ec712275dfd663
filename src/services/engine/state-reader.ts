import type { ReadOptions } from "../../datamodel/datastore/datastore.ts";
import { camelCase } from "../../datamodel/schema/names.ts";
import type { DataSchema, ListSchema, Schema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import { way } from "../../gen/bpf/core.ts";
import { type Discovered, hasCubes } from "../any-service.ts";
import type { ModuleDefinition } from "../operation.ts";
import type { AttachmentIndex } from "./attachments.ts";
import { readCounters } from "./counters.ts";
import { baseOf, type CubeRuntime, cubeReader, mapTarget } from "./cube.ts";
import { hostContext } from "./host-context.ts";
import { refOf } from "./node-ref.ts";
import { withState } from "./operational.ts";
import type { Planner } from "./planner.ts";
import { isTransparent } from "./topology.ts";

export interface StateReaderParts {
  readonly schema: Schema;
  readonly services: readonly Discovered[];
  readonly dataplane: Dataplane;
  readonly devices: Devices;
  readonly planner: Planner;
  readonly attachments: AttachmentIndex;
}

/**
 * Puts the operational view of cubes together: configuration, base state, and the service's own.
 */
export class StateReader {
  readonly #dataplane: Dataplane;
  readonly #devices: Devices;
  readonly #planner: Planner;
  readonly #attachments: AttachmentIndex;
  readonly #schema: Schema;
  readonly #modules: ReadonlyMap<string, ModuleDefinition>;

  constructor(parts: StateReaderParts) {
    this.#dataplane = parts.dataplane;
    this.#devices = parts.devices;
    this.#planner = parts.planner;
    this.#attachments = parts.attachments;
    this.#schema = parts.schema;
    const modules = parts.services.flatMap((service) => (hasCubes(service) ? [] : [service]));
    this.#modules = new Map(modules.map((module) => [module.model.ir.name, module]));
  }

  /** The tree with the state that a module without cubes adds to the top node of a path. */
  topNode(root: DataObject, path: InstancePath): DataObject {
    const [first] = path;
    if (first === undefined) return root;
    const { name, module, prop } = first.schema;
    const state = this.#modules.get(module)?.state?.[camelCase(name)];
    if (state === undefined) return root;
    const parts = { planner: this.#planner, devices: this.#devices, dataplane: this.#dataplane };
    const host = hostContext(parts, root);
    return withState(this.#schema.root, root, { [prop]: state(host, refOf(path)) });
  }

  /** All cubes of a list. */
  cubes(
    list: ListSchema,
    configured: YangList<DataObject>,
    options: ReadOptions = {},
  ): YangList<DataObject> {
    const draft = configured.draft();
    const wanted = { below: [], ...options };
    for (const [key, config] of configured.entries()) {
      draft.set(key, this.cube(list, config, wanted));
    }
    return draft.freeze();
  }

  /** One cube; of the state only what is needed for the path below it. */
  cube(
    list: ListSchema,
    config: DataObject,
    { below, shallow = false }: ReadOptions & { readonly below: InstancePath },
  ): DataObject {
    const cube = this.#planner.loaded.of(config);
    if (cube === undefined) return config;
    const extra: Record<string, unknown> = { serviceName: list.name };
    const child = below[0]?.schema;
    const isWanted = (prop: string) => {
      if (child !== undefined) return child.prop === prop;
      return !shallow || hasPlainState(list.children.find((one) => one.prop === prop));
    };
    const only = refOf(below);
    const hasPorts = list.childByName.has("ports");
    if (hasPorts && isWanted("ports")) extra["ports"] = this.#ports(cube, config);
    if (isTransparent(list)) Object.assign(extra, this.#passage(cube, isWanted));
    const base = withState(list, config, extra);
    const facts = this.#planner.loaded.latest(cube);
    const reader = cubeReader(this.#dataplane, cube, { config, facts });
    const own: Record<string, unknown> = {};
    for (const [prop, state] of Object.entries(cube.service.state ?? {})) {
      if (isWanted(prop)) own[prop] = state(reader, only);
    }
    return withState(list, base, own);
  }

  isPortUp(cube: CubeRuntime, port: string): boolean {
    return this.#planner.wiring.isUp(cube, port);
  }

  /** What every transparent cube has. */
  #passage(cube: CubeRuntime, isWanted: (prop: string) => boolean): Record<string, unknown> {
    const parent = this.#attachments.parentOf(cube.name);
    if (!isWanted("counters")) return { parent };
    const target = mapTarget(this.#dataplane, cube, "counters");
    const read = (row: number) => readCounters(target, cube.service.object, row);
    return { parent, counters: { ingress: read(way.ingress), egress: read(way.egress) } };
  }

  #ports(cube: CubeRuntime, config: DataObject): object[] {
    const target = mapTarget(this.#dataplane, cube, "counters");
    return [...(baseOf(config).ports ?? [])].map(({ name, index = 0 }) => ({
      name,
      status: this.isPortUp(cube, name) ? "UP" : "DOWN",
      forwardingPath: this.#planner.wiring.forwardingPath(cube, name),
      counters: readCounters(target, cube.service.object, index),
    }));
  }
}

/** Whether a node has state that is not in the entries of a list. */
function hasPlainState(node: DataSchema | undefined): boolean {
  if (node === undefined || node.kind === "list") return false;
  return node.kind === "container" ? node.children.some(hasPlainState) : !node.config;
}
