import type { ListSchema, Schema } from "../../datamodel/schema/schema.ts";
import {
  type EntryChange,
  emptyList,
  listChanges,
  type YangList,
} from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import type { CubeWiring } from "../../gen/bpf/core.ts";
import { assert } from "../../lib/assert.ts";
import type { Slices } from "../../lib/slices.ts";
import { type AnyFacts, type AnyService, type Discovered, hasCubes } from "../any-service.ts";
import { roomOf } from "./capacity.ts";
import { nodePath } from "./cause.ts";
import {
  baseOf,
  type CubeRuntime,
  isSameWiring,
  mapLayout,
  mapTarget,
  noWiring,
  type PortBase,
  placedPrograms,
  programsOf,
  wantedObject,
  wiringRow,
} from "./cube.ts";
import type { CubeView } from "./cube-view.ts";
import { derivedChanges } from "./derived-rows.ts";
import { initialFacts, type NamedPortFact, portFact, withPorts } from "./facts.ts";
import { type Inheritance, type Running, successorOf } from "./inheritance.ts";
import { cubeId, cubeOwner, LoadedCubes } from "./loaded-cubes.ts";
import { type LinkParts, linkOf, Places } from "./places.ts";
import { exchangeStep, opposite, programStep } from "./placing.ts";
import { PlanDraft, type ReleasedPort } from "./plan-draft.ts";
import { grownRooms, neededRooms, type TableChange } from "./room.ts";
import { addRowSteps, clearingStep, type RowOrigin, rowStep } from "./rows.ts";
import { phase, type Step, StepList } from "./step.ts";
import { tableChanges, type Views } from "./table-rows.ts";
import { Topology } from "./topology.ts";
import { loadedPort, type TouchParts, touchDevices, touchOusted, touchPeers } from "./touched.ts";
import { Wiring } from "./wiring.ts";

/** Cubes by id: those that come, go, get another object, or of which other facts hold. */
export type AffectedCubes = ReadonlySet<string>;

export interface Plan {
  readonly steps: readonly Step[];
  readonly affected: AffectedCubes;
  readonly released: readonly ReleasedPort[];
  /** Objects of deleted cubes, to be unloaded once the commit cannot be undone any more. */
  readonly unload: readonly string[];
}

/** What new facts lead to. */
export interface FactPlan {
  readonly steps: readonly Step[];
  readonly affected: AffectedCubes;
  /** Objects that others have succeeded, to be unloaded when the steps are done. */
  readonly unload: readonly string[];
}

/** What a change of devices leads to; without effect it only confirms what is there. */
export interface DevicePlan extends FactPlan {
  readonly hasEffect: boolean;
  /** The ports of the news, and those that have lost their devices to them. */
  readonly ports: DeviceNews["ports"];
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

  /** What a plan from nothing cannot know of what this one has done. */
  get running(): Running {
    const { loaded, wiring } = this;
    const placed = (id: string, program: string) => {
      const cube = loaded.byId(id);
      return cube && placedPrograms(cube).find((one) => one.program === program)?.slot;
    };
    return {
      factsOf: (id) => {
        const cube = loaded.byId(id);
        return cube && loaded.applied(cube);
      },
      slotOf: placed,
      slots: () => loaded.slots(),
      madePromiscuous: (ifindex) => wiring.madePromiscuous(ifindex),
    };
  }

  /** The steps of another's plan, from nothing to the same configuration, have been done. */
  adopt(other: Planner): void {
    this.loaded.adopt(other);
    this.wiring.adopt(other);
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
    const [before, after] = [this.topology(older), this.topology(newer)];
    const draft = new PlanDraft(after, inherited);
    const changes = this.#changes(older, newer);
    for (const change of changes) this.#touch(draft, change);
    const touching = this.#touchParts(draft);
    touchDevices(draft, before, touching);
    touchPeers(draft, before, touching);
    touchOusted(draft, touching);
    for (const change of changes) {
      const { was, is } = change;
      if (is === undefined) this.#planRemoval(draft, change);
      else if (was === undefined) yield* this.#planCreation(draft, is);
      else yield* this.#planChange(draft, was, is);
      yield;
    }
    yield* this.#planFarFacts(draft, changes);
    this.#planWiring(draft);
    const { released, unload, affected } = draft;
    return { steps: draft.steps.ordered(), released, unload, affected };
  }

  /** The connections of a configuration. */
  topology(root: DataObject): Topology {
    return new Topology(root, this.#services.keys());
  }

  /** What follows from a device having come, gone or changed; configuration is the same. */
  *planDevice(
    root: DataObject,
    { ifindex, ports }: DeviceNews,
    options: { readonly isGone: boolean },
  ): Slices<DevicePlan> {
    const draft = new PlanDraft(this.topology(root));
    draft.devices.add(ifindex);
    if (options.isGone) draft.gone = ifindex;
    for (const { cube: name, port: portName } of ports) {
      const port = draft.topology.port(name, portName);
      const config = draft.topology.cube(name)?.config;
      const cube = config && this.loaded.of(config);
      if (cube && port) draft.touch(loadedPort(cube, port));
    }
    touchOusted(draft, this.#touchParts(draft));
    yield* this.#planFarFacts(draft, []);
    this.#planWiring(draft);
    const steps = draft.steps.ordered();
    const hasEffect = draft.changesFacts || steps.some((step) => step.describe().length > 0);
    const touched = [...draft.ports()].map(({ cube, port }) => ({ cube: cube.name, port }));
    const { unload, affected } = draft;
    return { steps, unload, affected, hasEffect, ports: touched };
  }

  /** Steps that bring the rows of a cube up to what its service has learned. */
  *planLearned(cube: CubeRuntime, config: DataObject): Slices<FactPlan> {
    const [steps, affected] = [new StepList(), new Set<string>()];
    const draft = { steps, affected, changesFacts: false, planned: new Map(), unload: [] };
    yield* this.#planFacts(draft, cube, { config, facts: this.loaded.latest(cube) });
    return { steps: steps.ordered(), unload: draft.unload, affected };
  }

  *#planFacts(draft: FactsDraft, cube: CubeRuntime, is: CubeView): Slices<void> {
    const facts = this.loaded.applied(cube);
    if (facts === is.facts) return;
    draft.affected.add(cube.id);
    yield* this.#planTables(draft, cube, [{ config: is.config, facts }, is]);
    draft.steps.add(phase.load, this.loaded.factsApplied(cube, facts, is.facts));
    draft.changesFacts = true;
  }

  /** What is known of a cube under a configuration that is not applied yet. */
  factsFor(service: AnyService, topology: Topology, { was, is }: ConfigChange): AnyFacts {
    const before = was && this.loaded.of(is);
    const names = portChanges(before && was, is).map(([name]) => name);
    const facts = before ? this.loaded.applied(before) : initialFacts(service);
    return withPorts(facts, this.#portFacts({ topology, devices: this.#devices }, is, names));
  }

  #portFacts(parts: LinkParts, config: DataObject, names: Iterable<string>): NamedPortFact[] {
    const { ports } = baseOf(config);
    return [...names].map((name) => {
      const port = ports?.get(name);
      return [name, port && portFact(port, linkOf(parts, baseOf(config), port))];
    });
  }

  /** The facts of a cube as the plan leaves them: those of ports that it touches may differ. */
  #factsAfter(draft: PlanDraft, cube: CubeRuntime, config: DataObject): AnyFacts {
    const isNew = this.loaded.of(config) === undefined;
    const known = isNew ? draft.inherited?.factsOf(cube.id) : this.loaded.applied(cube);
    const facts = known ?? initialFacts(cube.service);
    const ports = [...draft.ports()].filter((port) => port.cube.id === cube.id);
    const names = ports.map(({ port }) => port);
    return withPorts(facts, this.#portFacts(this.#linkParts(draft), config, names));
  }

  /** Cubes that are as they were may have ports whose far ends are not. */
  *#planFarFacts(draft: PlanDraft, changes: readonly CubeChange[]): Slices<void> {
    const planned = new Set(changes.flatMap(({ is }) => is ?? []));
    for (const cube of new Set([...draft.ports()].map((port) => port.cube))) {
      const config = draft.topology.cube(cube.name)?.config;
      if (config === undefined || this.loaded.of(config) !== cube || planned.has(config)) continue;
      yield* this.#planFacts(draft, cube, {
        config,
        facts: this.#factsAfter(draft, cube, config),
      });
    }
  }

  #changes(older: DataObject, newer: DataObject): readonly CubeChange[] {
    return [...this.#services].flatMap(([list, service]) => {
      const before = older[list.prop] as YangList<DataObject>;
      const after = newer[list.prop] as YangList<DataObject>;
      return [...after.changes(before)].map(([, was, is]) => ({ list, service, was, is }));
    });
  }

  /** Takes note of the ports that a change is about, and of the cube if it is new. */
  #touch(draft: PlanDraft, { list, service, was, is }: CubeChange): void {
    const config = is ?? was;
    if (config === undefined) return;
    const cube = was ? this.loaded.of(config) : this.#newCube(draft, { list, service }, config);
    if (cube === undefined) return;
    draft.affected.add(cube.id);
    if (was === undefined) draft.planned.set(cube.id, cube);
    const before = was && baseOf(was).ports;
    for (const [, older, newer] of listChanges(before, (is && baseOf(is).ports) ?? noPorts)) {
      const port = newer ?? older;
      if (port) draft.touch(loadedPort(cube, port));
    }
  }

  #newCube(
    draft: PlanDraft,
    { list, service }: Pick<CubeRuntime, "list" | "service">,
    config: DataObject,
  ): CubeRuntime {
    const { name, type } = baseOf(config);
    const id = cubeId(config);
    const slotOf = (program: string): number => {
      const slot = draft.inherited?.slotOf(id, program) ?? this.loaded.freeSlot(draft.slots);
      draft.slots.add(slot);
      return slot;
    };
    const { ingress, egress, packetOut } = programsOf(service);
    const slots = {
      slot: slotOf(ingress),
      egressSlot: egress === undefined ? undefined : slotOf(egress),
      packetOutSlot: packetOut === undefined ? undefined : slotOf(packetOut),
    };
    return { name, list, service, id, objectId: id, type, ...slots, rooms: {} };
  }

  *#planCreation(draft: PlanDraft, config: DataObject): Slices<void> {
    const noted = draft.planned.get(cubeId(config));
    assert(noted, "the cube was taken note of");
    const facts = this.#factsAfter(draft, noted, config);
    const wanted = wantedObject(noted, config);
    const needed = neededRooms(noted.service, { config, facts });
    const inherited = draft.inherited?.place(noted.id, wanted, needed);
    const { id: objectId, rooms, from } = inherited ?? { id: noted.id, rooms: needed };
    const cube = { ...noted, objectId, rooms, from };
    draft.planned.set(cube.id, cube);
    draft.steps.add(phase.load, this.loaded.loading(cube, config, wanted));
    draft.steps.add(phase.load, this.loaded.remembering(cube, facts));
    yield* this.#planTables(draft, cube, [undefined, { config, facts }]);
    this.#planOwnRow(draft, cube, [noWiring, wiringRow(cube, config)]);
    this.#planPrograms(draft, cube, "set");
  }

  #planRemoval(draft: PlanDraft, { was }: CubeChange): void {
    const cube = was && this.loaded.of(was);
    if (cube === undefined) return;
    this.#planPrograms(draft, cube, "clear");
    draft.steps.add(phase.clearProgram, this.loaded.forgetting(cube));
    draft.unload.push(cube.objectId);
  }

  *#planChange(draft: PlanDraft, was: DataObject, is: DataObject): Slices<void> {
    const loaded = this.loaded.of(is);
    if (loaded === undefined) return;
    const before = { config: was, facts: this.loaded.applied(loaded) };
    const after = { config: is, facts: this.#factsAfter(draft, loaded, is) };
    const cube = yield* this.#planTables(draft, loaded, [before, after]);
    if (before.facts !== after.facts) {
      draft.steps.add(phase.load, this.loaded.factsApplied(cube, before.facts, after.facts));
    }
    this.#planOwnRow(draft, cube, [wiringRow(cube, was), wiringRow(cube, is)]);
    if (baseOf(was).ports === baseOf(is).ports) return;
    for (const [, older, newer] of portChanges(was, is)) {
      if (older && older.peer !== newer?.peer) {
        draft.released.push({ cube, index: older.index ?? 0 });
      }
      if (newer && !older) this.#planZeroCounters(draft, cube, newer);
    }
  }

  /** The port that had the position before has left its counts there. */
  #planZeroCounters(draft: PlanDraft, cube: CubeRuntime, { index = 0 }: PortBase): void {
    const target = mapTarget(this.#dataplane, cube, "counters");
    draft.steps.add(phase.fillRows, clearingStep(target, index));
  }

  *#planTables(draft: FactsDraft, cube: CubeRuntime, views: Views): Slices<CubeRuntime> {
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
    draft: FactsDraft,
    cube: CubeRuntime,
    { views, tables }: { readonly views: Views; readonly tables: readonly TableChange[] },
  ): CubeRuntime {
    const grown = grownRooms(cube, views[0], tables);
    if (grown === undefined) return cube;
    const { config } = views[1];
    const objectId = successorOf(cube.id, [cube.objectId]);
    const rooms = { ...cube.rooms, ...grown };
    const larger = { ...cube, objectId, from: cube.objectId, rooms };
    draft.planned.set(cube.id, larger);
    draft.steps.add(phase.load, this.loaded.loading(larger, config, wantedObject(cube, config)));
    for (const is of placedPrograms(larger)) {
      const was = { ...is, objectId: cube.objectId };
      const step = exchangeStep(this.#dataplane, cubeOwner(cube), { was, is });
      draft.steps.add(phase.setProgram, step);
    }
    draft.steps.add(phase.clearProgram, this.loaded.exchanging(cube, larger));
    draft.unload.push(cube.objectId);
    return larger;
  }

  /** Floods look at ports below the end only; it grows after a new port has its hop. */
  #planOwnRow(
    draft: PlanDraft,
    cube: CubeRuntime,
    [was, is]: readonly [CubeWiring, CubeWiring],
  ): void {
    if (isSameWiring(was, is)) return;
    const row = rowStep(mapTarget(this.#dataplane, cube, "cube"), { key: 0, was, is });
    draft.steps.add(is.portsEnd >= was.portsEnd ? phase.putRows : phase.clearHops, row);
  }

  #planPrograms(draft: PlanDraft, cube: CubeRuntime, operation: "set" | "clear"): void {
    for (const place of placedPrograms(cube)) {
      const step = programStep(this.#dataplane, cubeOwner(cube), place);
      if (operation === "set") draft.steps.add(phase.setProgram, step);
      else {
        draft.steps.add(phase.clearProgram, opposite(step, { operation: "clear-program" }));
      }
    }
  }

  #planWiring(draft: PlanDraft): void {
    const { cubeOf } = this.#touchParts(draft);
    const places = new Places({ ...this.#linkParts(draft), cubeOf });
    const ports = [...draft.ports()].map((port) => places.port(port));
    const devices = [...draft.devices].map((ifindex) => places.device(ifindex));
    const objectOf = (id: string) => (draft.planned.get(id) ?? this.loaded.byId(id))?.objectId;
    this.wiring.plan(draft.steps, { ports, devices, objectOf }, draft.inherited);
  }

  #touchParts(draft: PlanDraft): TouchParts {
    const cubeOf = (config: DataObject) => {
      return draft.planned.get(cubeId(config)) ?? this.loaded.of(config);
    };
    return { devices: this.#devices, wiring: this.wiring, cubeOf };
  }

  #linkParts({ topology, gone }: PlanDraft): LinkParts {
    return { topology, gone, devices: this.#devices };
  }
}

/** What facts change in a plan. */
type FactsDraft = Pick<PlanDraft, "steps" | "affected" | "changesFacts" | "planned" | "unload">;

/** A cube that came, changed or went. */
interface CubeChange {
  readonly list: ListSchema;
  readonly service: AnyService;
  readonly was: DataObject | undefined;
  readonly is: DataObject | undefined;
}

const noPorts = emptyList<PortBase, readonly [name: string]>(false);

/** A cube's configuration; `was` undefined for a new one. */
interface ConfigChange {
  readonly was: DataObject | undefined;
  readonly is: DataObject;
}

/** A device of which something is heard, and the ports that are concerned. */
export interface DeviceNews {
  readonly ifindex: number;
  readonly ports: readonly { readonly cube: string; readonly port: string }[];
}

type PortEntryChange = EntryChange<PortBase>;

/** Ports that differ; `was` undefined: all of them are new. */
function portChanges(was: DataObject | undefined, is: DataObject): readonly PortEntryChange[] {
  return [...listChanges(was && baseOf(was).ports, baseOf(is).ports)];
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
