import {
  type Attachment,
  type Dataplane,
  type Devices,
  excludes,
  type ProgramSlot,
  type Row,
} from "../../dataplane/dataplane.ts";
import type { MapLayout, ObjectLayout } from "../../dataplane/layout.ts";
import type { Slices } from "../../lib/slices.ts";
import { entryDevice, madePromiscuousNote } from "./entry.ts";
import { attachStep, opposite, programStep, promiscuousStep } from "./placing.ts";
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
  /** By name, the rows that are there by key; what is wanted of them is taken out. */
  readonly maps: Map<string, Map<string, Row>>;
}

/** What goes, and in which order. */
export interface Leftovers {
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
  readonly #modes = new Set<number>();

  constructor({ dataplane, devices }: GroundParts) {
    this.#dataplane = dataplane;
    this.#devices = devices;
    this.#loaded = new Set(dataplane.objects());
    this.#programs = new Map(dataplane.programs().map((slot) => [slotId(slot), slot]));
    this.#attachments = new Map(dataplane.attachments().map((one) => [placeId(one), one]));
  }

  takeObject({ request, from, layout, owner }: Parameters<Ground["takeObject"]>[0]): boolean {
    const { id } = request;
    const isLoaded = this.#loaded.has(id);
    if (isLoaded) {
      this.#kept.set(id, { layout, owner, source: id, isTaken: () => true, maps: new Map() });
    } else if (from !== undefined) {
      const taken = this.#dataplane.mapsTakenAlong(request, from);
      const isTaken = (map: string) => taken.has(map);
      this.#kept.set(id, { layout, owner, source: from, isTaken, maps: new Map() });
    }
    return isLoaded;
  }

  takeRow(
    { objectId, layout }: Parameters<Ground["takeRow"]>[0],
    key: Uint8Array,
  ): Uint8Array | undefined {
    const kept = this.#kept.get(objectId);
    if (kept === undefined) return undefined;
    return take(this.#rowsOf(kept, layout), keyText(key))?.value;
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

  takeMode(ifindex: number): void {
    this.#modes.add(ifindex);
  }

  /** What nobody has asked for: rows first, then what feeds packets to the rest, then that. */
  *leftovers(): Slices<Leftovers> {
    const steps: Step[] = [];
    for (const [id, kept] of this.#kept) {
      steps.push(...this.#leftRows(id, kept));
      yield;
    }
    for (const attachment of this.#attachments.values()) {
      steps.push(opposite(attachStep(this.#parts, nobody, attachment), { operation: "detach" }));
    }
    const unload = [...this.#loaded].filter((id) => !this.#kept.has(id));
    steps.push(...this.#leftModes(unload));
    for (const slot of this.#programs.values()) {
      const cleared = programStep(this.#dataplane, nobody, slot);
      steps.push(opposite(cleared, { operation: "clear-program" }));
    }
    return { steps, unload };
  }

  get #parts(): GroundParts {
    return { dataplane: this.#dataplane, devices: this.#devices };
  }

  #leftRows(objectId: string, kept: Kept): Step[] {
    const { layout: object, owner } = kept;
    return Object.values(object.maps).flatMap((layout) => {
      if (!isWrittenByEngine(layout)) return [];
      const rows = [...this.#rowsOf(kept, layout).values()];
      // A row of an array is always there; without a value it is zero.
      const left = layout.type === "array" ? rows.filter(({ value }) => !isZero(value)) : rows;
      if (left.length === 0) return [];
      const target = { ...owner, dataplane: this.#dataplane, objectId, layout };
      const changes = left.map(({ key, value }) => ({ key, was: value, is: undefined }));
      return [new RowsStep(target, changes)];
    });
  }

  #leftModes(objectIds: readonly string[]): Step[] {
    return objectIds.flatMap((id) => {
      const ifindex = entryDevice(id);
      if (ifindex === undefined || this.#modes.has(ifindex)) return [];
      if (this.#dataplane.loadedRequest(id)?.note !== madePromiscuousNote) return [];
      const step = promiscuousStep(this.#devices, nobody, ifindex);
      return [opposite(step, { operation: "restore-device", value: { promiscuous: false } })];
    });
  }

  #rowsOf({ source, isTaken, maps }: Kept, { name }: MapLayout): Map<string, Row> {
    const known = maps.get(name);
    if (known) return known;
    const rows = isTaken(name) ? this.#dataplane.rows(source, name) : [];
    const byKey = new Map(rows.map((row) => [keyText(row.key), row]));
    maps.set(name, byKey);
    return byKey;
  }
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
