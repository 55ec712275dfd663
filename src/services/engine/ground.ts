import {
  type Attachment,
  type Dataplane,
  type Devices,
  excludes,
  type ObjectRequest,
  type ProgramSlot,
  type Row,
} from "../../dataplane/dataplane.ts";
import type { MapLayout, ObjectLayout } from "../../dataplane/layout.ts";
import type { Slices } from "../../lib/slices.ts";
import { entryDevice, madePromiscuousNote } from "./entry.ts";
import { attachStep, opposite, placedText, programStep, promiscuousStep } from "./placing.ts";
import { keyText, RowsStep } from "./rows.ts";
import type { Ground, Slot, Step, StepOwner } from "./step.ts";

export interface GroundParts {
  readonly dataplane: Dataplane;
  readonly devices: Devices;
}

/** An object that stays, or that one which stays no longer leaves its rows to. */
interface Kept {
  readonly layout: ObjectLayout;
  readonly owner: StepOwner;
  /** Where its rows are, and in which maps. */
  readonly source: string;
  readonly isTaken: (map: string) => boolean;
  readonly capacity: ObjectRequest["capacity"];
  /** By name, those asked for so far. */
  readonly maps: Map<string, KeptMap>;
}

interface KeptMap {
  /** The rows that are there by key; what is wanted of them is taken out. */
  readonly rows: Map<string, Row>;
  /** How many there were, and how many are wanted that were not there. */
  readonly count: number;
  missing: number;
}

/** What goes, and in which order. */
export interface Leftovers {
  /** Makes room for what is to come. */
  readonly before: readonly Step[];
  readonly steps: readonly Step[];
  /** Objects that nothing uses any more. */
  readonly unload: readonly string[];
}

const nobody: StepOwner = { cube: "", cause: "" };

/** What is in the data plane when a plan is made from nothing; what no step wants is left over. */
export class SurveyedGround implements Ground {
  readonly #dataplane: Dataplane;
  readonly #devices: Devices;
  readonly #loaded: ReadonlySet<string>;
  readonly #kept = new Map<string, Kept>();
  readonly #programs: Map<string, ProgramSlot>;
  readonly #attachments: Map<string, Attachment>;
  readonly #isTrial: boolean;
  readonly #modes = new Set<number>();
  /** Objects that were asked for and are not there. */
  readonly missing = new Set<string>();

  /** `isTrial`: nothing is done with what is found out. */
  constructor({ dataplane, devices }: GroundParts, { isTrial }: { readonly isTrial: boolean }) {
    this.#isTrial = isTrial;
    this.#dataplane = dataplane;
    this.#devices = devices;
    this.#loaded = new Set(dataplane.objects());
    this.#programs = new Map(dataplane.programs().map((slot) => [slotId(slot), slot]));
    this.#attachments = new Map(dataplane.attachments().map((one) => [placeId(one), one]));
  }

  takeObject({ request, from, layout, owner }: Parameters<Ground["takeObject"]>[0]): boolean {
    const { id, capacity } = request;
    const isLoaded = this.#loaded.has(id);
    const kept = { layout, owner, capacity, maps: new Map() };
    if (!isLoaded) this.missing.add(id);
    if (isLoaded) this.#kept.set(id, { ...kept, source: id, isTaken: () => true });
    else if (from !== undefined) {
      const taken = this.#takenAlong(request, from);
      this.#kept.set(id, { ...kept, source: from, isTaken: (map) => taken.has(map) });
    }
    return isLoaded;
  }

  /** To look at what an object leaves may change it: maps are pinned again. */
  #takenAlong(request: ObjectRequest, from: string): ReadonlySet<string> {
    return this.#isTrial ? new Set() : this.#dataplane.mapsTakenAlong(request, from);
  }

  takeRow(
    { objectId, layout }: Parameters<Ground["takeRow"]>[0],
    key: Uint8Array,
  ): Uint8Array | undefined {
    const kept = this.#kept.get(objectId);
    if (kept === undefined) return undefined;
    const map = this.#mapOf(kept, layout);
    const row = take(map.rows, keyText(key));
    if (row === undefined) map.missing += 1;
    return row?.value;
  }

  takeProgram(place: Slot): ProgramSlot | undefined {
    return take(this.#programs, slotId(place));
  }

  takeAttachment(wanted: Attachment): ReturnType<Ground["takeAttachment"]> {
    const same = take(this.#attachments, placeId(wanted));
    if (same) return { same };
    const excluded = [...this.#attachments.values()].find((other) => excludes(other, wanted));
    if (excluded === undefined) return {};
    this.#attachments.delete(placeId(excluded));
    return { excluded };
  }

  /** Whether an object has left what it has to one that is to be loaded. */
  isSucceeded(id: string): boolean {
    return [...this.#kept.values()].some(({ source }) => source === id);
  }

  takeMode(ifindex: number): void {
    this.#modes.add(ifindex);
  }

  /** What nobody has asked for: rows first, then what feeds packets to the rest, then that. */
  *leftovers(): Slices<Leftovers> {
    const before: Step[] = [];
    const steps: Step[] = [];
    for (const [id, kept] of this.#kept) {
      for (const { step, isFull } of this.#leftRows(id, kept)) (isFull ? before : steps).push(step);
      yield;
    }
    for (const attachment of this.#attachments.values()) {
      const step = attachStep(this.#parts, nobody, attachment);
      steps.push(leftover(opposite(step, { operation: "detach" }), attachment));
    }
    const unload = [...this.#loaded].filter((id) => !this.#kept.has(id));
    steps.push(...this.#leftModes(unload));
    for (const slot of this.#programs.values()) {
      const cleared = programStep(this.#dataplane, nobody, slot);
      steps.push(leftover(opposite(cleared, { operation: "clear-program" }), slot));
    }
    return { before, steps, unload };
  }

  get #parts(): GroundParts {
    return { dataplane: this.#dataplane, devices: this.#devices };
  }

  #leftRows(objectId: string, kept: Kept): { readonly step: Step; readonly isFull: boolean }[] {
    const { layout: object, owner, capacity } = kept;
    return Object.values(object.maps).flatMap((layout) => {
      if (!isWrittenByEngine(layout)) return [];
      const map = this.#mapOf(kept, layout);
      const rows = [...map.rows.values()];
      // A row of an array is always there; without a value it is zero.
      const left = layout.type === "array" ? rows.filter(({ value }) => !isZero(value)) : rows;
      if (left.length === 0) return [];
      const target = { ...owner, dataplane: this.#dataplane, objectId, layout };
      const changes = left.map(({ key, value }) => ({ key, was: value, is: undefined }));
      const room = capacity[layout.name] ?? layout.maxEntries;
      return [{ step: new RowsStep(target, changes), isFull: map.count + map.missing > room }];
    });
  }

  #leftModes(objectIds: readonly string[]): Step[] {
    return objectIds.flatMap((id) => {
      const ifindex = entryDevice(id);
      if (ifindex === undefined || this.#modes.has(ifindex)) return [];
      if (this.#dataplane.noteOf(id) !== madePromiscuousNote) return [];
      const step = promiscuousStep(this.#devices, nobody, ifindex);
      return [opposite(step, { operation: "restore-device", value: { promiscuous: false } })];
    });
  }

  #mapOf({ source, isTaken, maps }: Kept, { name }: MapLayout): KeptMap {
    const known = maps.get(name);
    if (known) return known;
    const rows = isTaken(name) ? this.#dataplane.rows(source, name) : [];
    const byKey = new Map(rows.map((row) => [keyText(row.key), row]));
    const map = { rows: byKey, count: byKey.size, missing: 0 };
    maps.set(name, map);
    return map;
  }
}

function leftover(step: Step, placed: Pick<ProgramSlot, "objectId" | "program">): Step {
  return { ...step, found: () => [placedText(placed)] };
}

/** Of the engine's own maps, arrays and tables are its to write; the rest programs write. */
function isWrittenByEngine({ owner, type }: MapLayout): boolean {
  return owner === "config" || (owner === "core" && (type === "array" || type === "hash"));
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function take<V>(from: Map<string, V>, key: string): V | undefined {
  const value = from.get(key);
  from.delete(key);
  return value;
}

function slotId({ family, slot }: Slot): string {
  return `${family}${slot}`;
}

function placeId({ ifindex, hook }: Pick<Attachment, "ifindex" | "hook">): string {
  return `${ifindex}-${hook}`;
}
