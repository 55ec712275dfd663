import type { ListSchema, Schema } from "../../datamodel/schema/schema.ts";
import { type EntryChange, listChanges, type YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Dataplane, Device, Devices, ProgramSlot } from "../../dataplane/dataplane.ts";
import type { Slices } from "../../lib/slices.ts";
import { type AnyFacts, type AnyService, type Discovered, hasCubes } from "../any-service.ts";
import { roomOf } from "./capacity.ts";
import { nodePath } from "./cause.ts";
import {
  baseOf,
  type CubeBase,
  type CubeRuntime,
  familiesOf,
  mapLayout,
  mapTarget,
  type PortBase,
  wantedObject,
} from "./cube.ts";
import type { CubeView } from "./cube-view.ts";
import { derivedChanges } from "./derived-rows.ts";
import { initialFacts, type NamedPortFact, portFact, withPorts } from "./facts.ts";
import { type Inheritance, successorOf } from "./inheritance.ts";
import { cubeId, cubeOwner, LoadedCubes } from "./loaded-cubes.ts";
import { deviceFault } from "./peers.ts";
import { exchangeStep, opposite, programStep } from "./placing.ts";
import { grownRooms, neededRooms, type TableChange } from "./room.ts";
import { addRowSteps, clearingStep, type RowOrigin, rowStep } from "./rows.ts";
import { phase, type Step, StepList } from "./step.ts";
import { tableChanges, type Views } from "./table-rows.ts";
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

/** What new facts lead to. */
export interface FactPlan {
  readonly steps: readonly Step[];
  /** Objects that others have succeeded, to be unloaded when the steps are done. */
  readonly unload: readonly string[];
}

/** What a change of devices leads to; without effect it only confirms what is there. */
export interface DevicePlan extends FactPlan {
  readonly hasEffect: boolean;
}

/** Turns the difference of two configurations into steps, and keeps what is loaded and wired. */
export class Planner {
  readonly wiring: Wiring;
  readonly loaded: LoadedCubes;
  readonly #dataplane: Dataplane;
  readonly #devices: Devices;
  readonly #services: Map<ListSchema, AnyService>;

  constructor(
    schema: Schema,
    parts: { dataplane: Dataplane; devices: Devices; services: readonly Discovered[] },
  ) {
    this.#dataplane = parts.dataplane;
    this.#devices = parts.devices;
    this.#services = cubeLists(schema, parts.services);
    this.wiring = new Wiring(parts.dataplane, parts.devices);
    this.loaded = new LoadedCubes(parts.dataplane);
  }

  /** The top-level lists that hold cubes, with their services. */
  get services(): ReadonlyMap<ListSchema, AnyService> {
    return this.#services;
  }

  /** The next plans are with the service too. */
  addService(list: ListSchema, service: AnyService): void {
    this.#services.set(list, service);
  }

  removeService(list: ListSchema): void {
    this.#services.delete(list);
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

  /** What follows from devices having come, gone or changed; configuration is the same. */
  *planDevices(
    cubes: readonly DataObject[],
    ports: readonly { readonly cube: string; readonly port: string }[],
    options: { readonly gone?: number } = {},
  ): Slices<DevicePlan> {
    const draft = new PlanDraft();
    for (const config of cubes) {
      const cube = this.loaded.of(config);
      if (cube === undefined) continue;
      const names = ports.filter((port) => port.cube === cube.name).map(({ port }) => port);
      const found = names.flatMap((name) => baseOf(config).ports?.get(name) ?? []);
      const facts = found.map((port): NamedPortFact => {
        const wish = withoutDevice(this.#wish(cube, port), options.gone);
        draft.wishes.push(wish);
        return [port.name, portFact(port, wish.device)];
      });
      const view = { config, facts: withPorts(this.loaded.applied(cube), facts) };
      yield* this.#planFacts(draft, cube, view);
    }
    this.wiring.plan(draft.steps, draft.wishes);
    const steps = draft.steps.ordered();
    const hasEffect = draft.changesFacts || steps.some((step) => step.describe().length > 0);
    return { steps, unload: draft.unload, hasEffect };
  }

  /** Steps that bring the rows of a cube up to what its service has learned. */
  *planLearned(cube: CubeRuntime, config: DataObject): Slices<FactPlan> {
    const draft = new PlanDraft();
    yield* this.#planFacts(draft, cube, { config, facts: this.loaded.latest(cube) });
    return { steps: draft.steps.ordered(), unload: draft.unload };
  }

  *#planFacts(draft: PlanDraft, cube: CubeRuntime, is: CubeView): Slices<void> {
    const facts = this.loaded.applied(cube);
    if (facts === is.facts) return;
    yield* this.#planTables(draft, cube, [{ config: is.config, facts }, is]);
    draft.steps.add(phase.load, this.loaded.factsApplied(cube, facts, is.facts));
    draft.changesFacts = true;
  }

  /** What is known of a cube under a configuration that is not applied yet. */
  factsFor(service: AnyService, was: DataObject | undefined, is: DataObject): AnyFacts {
    const cube = was && this.loaded.of(is);
    const before = cube ? this.loaded.applied(cube) : initialFacts(service);
    const { type } = baseOf(is);
    const changes = portChanges(cube && was, is).map(([name, , port]): NamedPortFact => {
      return [name, port && portFact(port, this.#peer(port, type))];
    });
    return withPorts(before, changes);
  }

  *#planCreation(
    draft: PlanDraft,
    { list, service }: { readonly list: ListSchema; readonly service: AnyService },
    config: DataObject,
  ): Slices<void> {
    const { name, type } = baseOf(config);
    const { inherited } = draft;
    const id = cubeId(config);
    const view = { config, facts: this.factsFor(service, undefined, config) };
    const wanted = wantedObject({ list, service }, config);
    const needed = neededRooms(service, view);
    const place = inherited?.place(id, wanted, needed) ?? { id, rooms: needed };
    const slot = inherited?.slotOf(id) ?? this.loaded.freeSlot(draft.slots);
    draft.slots.add(slot);
    const { id: objectId, rooms, from } = place;
    const cube: CubeRuntime = { name, list, service, id, objectId, slot, type, rooms };
    draft.steps.add(phase.load, this.loaded.loading(cube, config, { wanted, from }));
    draft.steps.add(phase.load, this.loaded.remembering(cube, view.facts));
    yield* this.#planTables(draft, cube, [undefined, view]);
    this.#planPortsEnd(draft, cube, [0, portsEnd(config)]);
    this.#planPrograms(draft, cube, "set");
    for (const port of baseOf(config).ports ?? []) draft.wishes.push(this.#wish(cube, port));
  }

  #planRemoval(draft: PlanDraft, config: DataObject): void {
    const cube = this.loaded.of(config);
    if (cube === undefined) return;
    for (const port of baseOf(config).ports ?? []) draft.wishes.push(goneWish(cube, port));
    this.#planPrograms(draft, cube, "clear");
    draft.steps.add(phase.clearProgram, this.loaded.forgetting(cube));
    draft.unload.push(cube.objectId);
  }

  *#planChange(draft: PlanDraft, was: DataObject, is: DataObject): Slices<void> {
    const loaded = this.loaded.of(is);
    if (loaded === undefined) return;
    const before = { config: was, facts: this.loaded.applied(loaded) };
    const after = { config: is, facts: this.factsFor(loaded.service, was, is) };
    const cube = yield* this.#planTables(draft, loaded, [before, after]);
    if (before.facts !== after.facts) {
      draft.steps.add(phase.load, this.loaded.factsApplied(cube, before.facts, after.facts));
    }
    if (baseOf(was).ports === baseOf(is).ports) return;
    this.#planPortsEnd(draft, cube, [portsEnd(was), portsEnd(is)]);
    for (const [, older, newer] of portChanges(was, is)) {
      if (older && older.peer !== newer?.peer) {
        draft.released.push({ cube, index: older.index ?? 0 });
      }
      if (newer && !older) this.#planZeroCounters(draft, cube, newer);
      if (newer) draft.wishes.push(this.#wish(cube, newer));
      else if (older) draft.wishes.push(goneWish(cube, older));
    }
  }

  /** The port that had the position before has left its counts there. */
  #planZeroCounters(draft: PlanDraft, cube: CubeRuntime, { index = 0 }: PortBase): void {
    const target = mapTarget(this.#dataplane, cube, "counters");
    draft.steps.add(phase.fillRows, clearingStep(target, index));
  }

  *#planTables(draft: PlanDraft, cube: CubeRuntime, views: Views): Slices<CubeRuntime> {
    const tables = yield* this.#tableChanges(cube, views);
    const target = this.#grown(draft, cube, { views, tables });
    const isNew = views[0] === undefined;
    const causeOf = (origin: RowOrigin) => nodePath(cube, origin);
    for (const { prop, changes } of tables) {
      const map = { ...mapTarget(this.#dataplane, target, prop), causeOf };
      addRowSteps(draft.steps, map, { changes, isNew });
    }
    return target;
  }

  *#tableChanges(cube: CubeRuntime, views: Views): Slices<TableChange[]> {
    const { service } = cube;
    const changes: TableChange[] = [];
    for (const [prop, table] of Object.entries(service.tables)) {
      const layout = mapLayout(service, prop);
      changes.push({ prop, table, changes: yield* tableChanges(layout, table, views) });
    }
    for (const [prop, derived] of Object.entries(service.derived ?? {})) {
      const target = mapTarget(this.#dataplane, cube, prop);
      const room = roomOf(service, prop, views[1].config);
      changes.push({ prop, changes: yield* derivedChanges(target, { derived, room, views }) });
    }
    return changes;
  }

  /** The cube, with an object that has room for what is to be written to it. */
  #grown(
    draft: PlanDraft,
    cube: CubeRuntime,
    { views, tables }: { readonly views: Views; readonly tables: readonly TableChange[] },
  ): CubeRuntime {
    const grown = grownRooms(cube, views[0], tables);
    if (grown === undefined) return cube;
    const { config } = views[1];
    const objectId = successorOf(cube.id, [cube.objectId]);
    const larger = { ...cube, objectId, rooms: { ...cube.rooms, ...grown } };
    const object = { wanted: wantedObject(cube, config), from: cube.objectId };
    draft.steps.add(phase.load, this.loaded.loading(larger, config, object));
    for (const is of programSlots(larger)) {
      const was = { ...is, objectId: cube.objectId };
      const step = exchangeStep(this.#dataplane, cubeOwner(cube), { was, is });
      draft.steps.add(phase.setProgram, step);
    }
    draft.steps.add(phase.clearProgram, this.loaded.exchanging(cube, larger));
    draft.unload.push(cube.objectId);
    return larger;
  }

  /** Floods look at ports below this only; it grows after a new port has its hop. */
  #planPortsEnd(draft: PlanDraft, cube: CubeRuntime, [was, is]: readonly [number, number]): void {
    if (was === is) return;
    const change = { key: 0, was: { portsEnd: was }, is: { portsEnd: is } };
    const row = rowStep(mapTarget(this.#dataplane, cube, "cube"), change);
    draft.steps.add(is > was ? phase.putRows : phase.clearHops, row);
  }

  #planPrograms(draft: PlanDraft, cube: CubeRuntime, operation: "set" | "clear"): void {
    for (const place of programSlots(cube)) {
      const step = programStep(this.#dataplane, cubeOwner(cube), place);
      if (operation === "set") draft.steps.add(phase.setProgram, step);
      else {
        draft.steps.add(phase.clearProgram, opposite(step, { operation: "clear-program" }));
      }
    }
  }

  #wish(cube: CubeRuntime, port: PortBase): PortWish {
    const device = this.#peer(port, cube.type);
    return { cube, port: port.name, index: port.index ?? 0, device, exists: true };
  }

  /** The device that a port is to be connected to, if there is such a one. */
  #peer({ peer }: PortBase, type: CubeBase["type"]): Device | undefined {
    const found = peer === undefined ? undefined : this.#devices.byName(peer);
    // A device that came after the configuration was judged may be one that cannot be a peer.
    return found && deviceFault(found, type) === undefined ? found : undefined;
  }
}

type PortEntryChange = EntryChange<PortBase>;

/** Ports that differ; `was` undefined: all of them are new. */
function portChanges(was: DataObject | undefined, is: DataObject): readonly PortEntryChange[] {
  return [...listChanges(was && baseOf(was).ports, baseOf(is).ports)];
}

/** One more than the highest port index in use. O(ports), of which a cube has 128 at most. */
function portsEnd(config: DataObject): number {
  return Math.max(0, ...[...(baseOf(config).ports ?? [])].map(({ index = 0 }) => index + 1));
}

function withoutDevice(wish: PortWish, ifindex: number | undefined): PortWish {
  return wish.device?.ifindex === ifindex ? { ...wish, device: undefined } : wish;
}

function goneWish(cube: CubeRuntime, port: PortBase): PortWish {
  return { cube, port: port.name, index: port.index ?? 0, device: undefined, exists: false };
}

/** The programs of a cube, where they are to be. */
function programSlots({ type, slot, objectId, service }: CubeRuntime): ProgramSlot[] {
  return familiesOf(type).flatMap((family) => {
    const { tc, xdp } = service.programs;
    const prop = family === "tc" ? tc : xdp;
    const program = prop === undefined ? undefined : service.object.programs[prop]?.name;
    return program === undefined ? [] : [{ family, slot, objectId, program }];
  });
}

class PlanDraft {
  readonly steps = new StepList();
  readonly wishes: PortWish[] = [];
  readonly released: ReleasedPort[] = [];
  readonly unload: string[] = [];
  readonly inherited: Inheritance | undefined;
  /** Slots that are taken beside those of the cubes that are loaded. */
  readonly slots: Set<number>;
  changesFacts = false;

  constructor(inherited?: Inheritance) {
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
