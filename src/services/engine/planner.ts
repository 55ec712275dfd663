import type { ListSchema, Schema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import type { Slices } from "../../lib/slices.ts";
import { type AnyService, type Discovered, hasCubes } from "../service.ts";
import { nodePath } from "./cause.ts";
import {
  baseOf,
  type CubeRuntime,
  cubePath,
  familiesOf,
  mapTarget,
  type PortBase,
  wantedObject,
} from "./cube.ts";
import type { Inheritance, WantedObject } from "./inheritance.ts";
import { deviceFault } from "./peers.ts";
import { loadStep, opposite, programStep } from "./placing.ts";
import { clearingStep, planTable, readable, rowStep } from "./rows.ts";
import { phase, type Step, StepList, type StepOwner } from "./step.ts";
import { type PortWish, Wiring } from "./wiring.ts";

/** A port whose state rows are to be dropped once the commit is applied. */
export interface ReleasedPort {
  readonly cube: CubeRuntime;
  readonly index: number;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly released: readonly ReleasedPort[];
  /** Objects of deleted cubes, to be unloaded once the commit cannot be undone any more. */
  readonly unload: readonly string[];
}

/** Turns the difference of two configurations into steps, and keeps what is loaded and wired. */
export class Planner {
  readonly wiring: Wiring;
  readonly #dataplane: Dataplane;
  readonly #devices: Devices;
  readonly #services: ReadonlyMap<ListSchema, AnyService>;
  /** By id: a name can move to a cube of another service within one commit. */
  readonly #cubes = new Map<string, CubeRuntime>();
  readonly #slots = new Set<number>();

  constructor(
    schema: Schema,
    parts: { dataplane: Dataplane; devices: Devices; services: readonly Discovered[] },
  ) {
    this.#dataplane = parts.dataplane;
    this.#devices = parts.devices;
    this.#services = cubeLists(schema, parts.services);
    this.wiring = new Wiring(parts.dataplane, parts.devices);
  }

  /** The top-level lists that hold cubes, with their services. */
  get services(): ReadonlyMap<ListSchema, AnyService> {
    return this.#services;
  }

  /** The loaded cube of a configuration. */
  cube(config: DataObject): CubeRuntime | undefined {
    return this.#cubes.get(cubeId(config));
  }

  cubes(): IterableIterator<CubeRuntime> {
    return this.#cubes.values();
  }

  /** `inherited`: where cubes and devices that come new may have been before this planner was. */
  *plan(older: DataObject, newer: DataObject, inherited?: Inheritance): Slices<Plan> {
    const draft = new PlanDraft(inherited);
    for (const [list, service] of this.#services) {
      const before = older[list.prop] as YangList<DataObject>;
      const after = newer[list.prop] as YangList<DataObject>;
      for (const [, was, is] of after.changes(before)) {
        if (is === undefined && was) this.#planRemoval(draft, was);
        else if (was === undefined && is) yield* this.#planCreation(draft, { list, service }, is);
        else if (was && is) yield* this.#planChange(draft, was, is);
        yield;
      }
    }
    this.wiring.plan(draft.steps, draft.wishes, inherited);
    return { steps: draft.steps.ordered(), released: draft.released, unload: draft.unload };
  }

  /** Steps that follow from devices having come, gone or changed; configuration is the same. */
  planDevices(
    cubes: readonly DataObject[],
    ports: readonly { readonly cube: string; readonly port: string }[],
    options: { readonly gone?: number } = {},
  ): readonly Step[] {
    const steps = new StepList();
    const wishes = cubes.flatMap((config) => {
      const cube = this.cube(config);
      if (cube === undefined) return [];
      const names = ports.filter((port) => port.cube === cube.name).map(({ port }) => port);
      const found = names.flatMap((name) => baseOf(config).ports?.get(name) ?? []);
      const wishes = found.map((port) => this.#wish(cube, port));
      return wishes.map((wish) => {
        return wish.device?.ifindex === options.gone ? { ...wish, device: undefined } : wish;
      });
    });
    this.wiring.plan(steps, wishes);
    return steps.ordered();
  }

  *#planCreation(
    draft: PlanDraft,
    { list, service }: { readonly list: ListSchema; readonly service: AnyService },
    config: DataObject,
  ): Slices<void> {
    const { name, type } = baseOf(config);
    const { inherited } = draft;
    const id = cubeId(config);
    const wanted = wantedObject({ list, service }, config);
    const objectId = inherited?.objectId(id, wanted) ?? id;
    const slot = inherited?.slotOf(id) ?? this.#freeSlot(draft);
    const cube: CubeRuntime = { name, list, service, id, objectId, slot, type };
    draft.steps.add(phase.load, this.#loading(cube, config, wanted));
    draft.steps.add(phase.load, this.#remembering(cube));
    yield* this.#planTables(draft, cube, [undefined, config]);
    this.#planPortsEnd(draft, cube, [0, portsEnd(config)]);
    this.#planPrograms(draft, cube, "set");
    for (const port of baseOf(config).ports ?? []) draft.wishes.push(this.#wish(cube, port));
  }

  #planRemoval(draft: PlanDraft, config: DataObject): void {
    const cube = this.cube(config);
    if (cube === undefined) return;
    for (const port of baseOf(config).ports ?? []) draft.wishes.push(goneWish(cube, port));
    this.#planPrograms(draft, cube, "clear");
    draft.steps.add(phase.clearProgram, this.#forgetting(cube));
    draft.unload.push(cube.objectId);
  }

  *#planChange(draft: PlanDraft, was: DataObject, is: DataObject): Slices<void> {
    const cube = this.cube(is);
    if (cube === undefined) return;
    yield* this.#planTables(draft, cube, [was, is]);
    const before = baseOf(was).ports;
    const after = baseOf(is).ports;
    if (before === undefined || after === undefined || before === after) return;
    this.#planPortsEnd(draft, cube, [portsEnd(was), portsEnd(is)]);
    after.diff(before, (_key, older, newer) => {
      if (older && older.peer !== newer?.peer) {
        draft.released.push({ cube, index: older.index ?? 0 });
      }
      if (newer && !older) this.#planZeroCounters(draft, cube, newer);
      if (newer) draft.wishes.push(this.#wish(cube, newer));
      else if (older) draft.wishes.push(goneWish(cube, older));
    });
  }

  /** The port that had the position before has left its counts there. */
  #planZeroCounters(draft: PlanDraft, cube: CubeRuntime, { index = 0 }: PortBase): void {
    const target = mapTarget(this.#dataplane, cube, "counters");
    draft.steps.add(phase.fillRows, clearingStep(target, index));
  }

  *#planTables(
    draft: PlanDraft,
    cube: CubeRuntime,
    versions: readonly [DataObject | undefined, DataObject],
  ): Slices<void> {
    for (const [prop, table] of Object.entries(cube.service.tables)) {
      const target = mapTarget(this.#dataplane, cube, prop);
      const causeOf = (node: DataObject, config: DataObject) => nodePath(cube, config, node);
      yield* planTable(draft.steps, { ...target, causeOf }, table, versions);
    }
  }

  /** Floods look at ports below this only; it grows after a new port has its hop. */
  #planPortsEnd(draft: PlanDraft, cube: CubeRuntime, [was, is]: readonly [number, number]): void {
    if (was === is) return;
    const change = { key: 0, was: { portsEnd: was }, is: { portsEnd: is } };
    const row = rowStep(mapTarget(this.#dataplane, cube, "cube"), change);
    draft.steps.add(is > was ? phase.putRows : phase.clearHops, row);
  }

  #planPrograms(draft: PlanDraft, cube: CubeRuntime, operation: "set" | "clear"): void {
    for (const family of familiesOf(cube.type)) {
      const { tc, xdp } = cube.service.programs;
      const prop = family === "tc" ? tc : xdp;
      const program = prop === undefined ? undefined : cube.service.object.programs[prop]?.name;
      if (program === undefined) continue;
      const place = { family, slot: cube.slot, objectId: cube.objectId, program };
      const step = programStep(this.#dataplane, cubeOwner(cube), place);
      if (operation === "set") draft.steps.add(phase.setProgram, step);
      else {
        draft.steps.add(phase.clearProgram, opposite(step, { operation: "clear-program" }));
      }
    }
  }

  #loading(cube: CubeRuntime, config: DataObject, wanted: WantedObject): Step {
    const constants = cube.service.constants?.(config) ?? {};
    return loadStep(this.#dataplane, {
      owner: cubeOwner(cube),
      layout: cube.service.object,
      request: { ...wanted, id: cube.objectId },
      target: wanted.object,
      value: { ...wanted.capacity, ...(readable(constants) as object) },
    });
  }

  #remembering(cube: CubeRuntime): Step {
    return {
      describe: () => [],
      apply: () => this.#remember(cube),
      undo: () => this.#forget(cube),
    };
  }

  /** The object itself stays until the commit is durable: undoing needs its learned state. */
  #forgetting(cube: CubeRuntime): Step {
    return {
      describe: () => [
        { ...cubeOwner(cube), operation: "unload", target: cube.service.object.name },
      ],
      apply: () => this.#forget(cube),
      undo: () => this.#remember(cube),
    };
  }

  #remember(cube: CubeRuntime): void {
    this.#cubes.set(cube.id, cube);
    this.#slots.add(cube.slot);
  }

  #forget(cube: CubeRuntime): void {
    this.#cubes.delete(cube.id);
    this.#slots.delete(cube.slot);
  }

  #freeSlot(draft: PlanDraft): number {
    let slot = 0;
    while (this.#slots.has(slot) || draft.slots.has(slot)) slot += 1;
    draft.slots.add(slot);
    return slot;
  }

  #wish(cube: CubeRuntime, port: PortBase): PortWish {
    const found = port.peer === undefined ? undefined : this.#devices.byName(port.peer);
    // A device that came after the configuration was judged may be one that cannot be a peer.
    const device = found && deviceFault(found, cube.type) === undefined ? found : undefined;
    return { cube, port: port.name, index: port.index ?? 0, device, exists: true };
  }
}

/** One more than the highest port index in use. O(ports), of which a cube has 128 at most. */
function portsEnd(config: DataObject): number {
  return Math.max(0, ...[...(baseOf(config).ports ?? [])].map(({ index = 0 }) => index + 1));
}

function cubeId(config: DataObject): string {
  return `cubes/${baseOf(config).uuid}`;
}

function goneWish(cube: CubeRuntime, port: PortBase): PortWish {
  return { cube, port: port.name, index: port.index ?? 0, device: undefined, exists: false };
}

function cubeOwner(cube: CubeRuntime): StepOwner {
  return { cube: cube.name, cause: cubePath(cube) };
}

class PlanDraft {
  readonly steps = new StepList();
  readonly wishes: PortWish[] = [];
  readonly released: ReleasedPort[] = [];
  readonly unload: string[] = [];
  readonly inherited: Inheritance | undefined;
  /** Slots that are taken beside those of the cubes that are loaded. */
  readonly slots: Set<number>;

  constructor(inherited: Inheritance | undefined) {
    this.inherited = inherited;
    this.slots = new Set(inherited?.slots());
  }
}

function cubeLists(schema: Schema, services: readonly Discovered[]): Map<ListSchema, AnyService> {
  const lists = new Map<ListSchema, AnyService>();
  for (const service of services.filter(hasCubes)) {
    const { name } = service.model.ir;
    const list = schema.root.childByName.get(`${name}:${name}`);
    if (list?.kind === "list") lists.set(list, service);
  }
  return lists;
}
