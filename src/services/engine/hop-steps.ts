import type { Dataplane } from "../../dataplane/dataplane.ts";
import type { Hop } from "../../gen/bpf/core.ts";
import { entryObject } from "../../gen/bpf/entry.ts";
import type { Bank, HopRow } from "./chain.ts";
import { noHop, sameHop } from "./hop.ts";
import { rowStep } from "./rows.ts";
import { type Phase, phase, type StepList } from "./step.ts";

/** A row of a place, and the node that causes it. */
export interface CausedRow extends HopRow {
  readonly cause: string;
}

export interface HopsChange {
  /** The rows there are of some ports and devices. */
  readonly was: readonly CausedRow[];
  /** Those there are to be. */
  readonly wanted: (bank: Bank) => readonly CausedRow[];
}

export const firstBank: Bank = () => 0;

/**
 * Adds the steps that change chains so that each frame passes an old one or a new one whole: rows
 * that nothing points to come first, then those that frames pass now, each by one store. A cube
 * that is somewhere else in the new chains has its new rows made aside, in its second bank; once
 * frames pass there, the first bank is written and they are led back, so that what is in the maps
 * follows from the configuration alone.
 */
export function putHops(writer: HopWriter, { was, wanted }: HopsChange): void {
  const rows = wanted(firstBank);
  const moved = movedCubes(was, rows);
  if (moved.size === 0) {
    writer.put(rows, firstPhases);
    return;
  }
  const aside: Bank = ({ id }) => (moved.has(id) ? 1 : 0);
  writer.put([...wanted(aside), ...ledPast(was, rows)], firstPhases);
  writer.settle();
  writer.put(rows, lastPhases, moved);
}

/**
 * Where frames began that are to begin there no more: ports without a peer lead nowhere. Devices
 * that nothing is on have their programs until the end, so frames pass all cubes by from there.
 */
function ledPast(was: readonly CausedRow[], wanted: readonly CausedRow[]): readonly CausedRow[] {
  const kept = byId(wanted);
  const left = was.filter((row) => row.enteredBy === undefined && !kept.has(idOf(row)));
  return left.map((row) => ({ ...row, hop: row.past ?? noHop }));
}

interface Phases {
  readonly hops: Phase;
  readonly entries: Phase;
}

const firstPhases: Phases = { hops: phase.putHops, entries: phase.attach };
const lastPhases: Phases = { hops: phase.settleHops, entries: phase.settleHops };

export interface HopWriterParts {
  readonly steps: StepList;
  readonly dataplane: Dataplane;
  /** The object that a cube has by now, or in the plan. */
  readonly objectOf: (owner: string) => string | undefined;
}

/** Turns rows into steps, from those there are. */
export class HopWriter {
  readonly #parts: HopWriterParts;
  /** As they are after the steps added so far. */
  readonly #rows: Map<string, CausedRow>;

  constructor(parts: HopWriterParts, rows: readonly CausedRow[]) {
    this.#parts = parts;
    this.#rows = byId(rows);
  }

  /** Rows that no frame gets to yet come first: new ones, and those of cubes left `aside`. */
  put(rows: readonly CausedRow[], phases: Phases, aside: ReadonlySet<string> = new Set()): void {
    const isUnused = (row: CausedRow) => {
      return row.enteredBy && (aside.has(row.owner) || !this.#rows.has(idOf(row)));
    };
    const unused = rows.filter(isUnused);
    for (const row of unused) this.#write(row, phases);
    if (unused.length > 0) this.#awaitFrames(phases.hops, "undo");
    for (const row of rows) this.#write(row, phases);
  }

  /** Comes after the steps that take programs off devices. */
  clearAllBut(wanted: readonly CausedRow[]): void {
    const kept = byId(wanted);
    const unused = [...this.#rows.values()].filter((row) => {
      return !kept.has(idOf(row)) && row.hop.kind !== "none";
    });
    for (const row of unused.filter(({ enteredBy }) => !enteredBy)) this.#clear(row);
    const behind = unused.filter(({ enteredBy }) => enteredBy);
    if (behind.length > 0) this.#awaitFrames(phase.clearHops, "apply");
    for (const row of behind) this.#clear(row);
  }

  #clear(row: CausedRow): void {
    this.#add(isOfEntry(row) ? phase.detach : phase.clearHops, row, [row.hop, noHop]);
  }

  /** Rows that frames were led to are those of others after this. */
  settle(): void {
    this.#awaitFrames(phase.settleHops, "apply");
  }

  /**
   * Frames that a row led on before it was changed have arrived after this. Undoing turns the order
   * round: it waits where applying has written rows that nothing leads to, and not elsewhere.
   */
  #awaitFrames(at: Phase, when: "apply" | "undo"): void {
    const { steps, dataplane } = this.#parts;
    const wait = () => dataplane.awaitFrames();
    const pass = () => undefined;
    const [apply, undo] = when === "apply" ? [wait, pass] : [pass, wait];
    steps.add(at, { describe: () => [], apply, undo });
  }

  #write(row: CausedRow, { hops, entries }: Phases): void {
    const id = idOf(row);
    const was = this.#rows.get(id)?.hop ?? noHop;
    this.#rows.set(id, row);
    if (sameHop(was, row.hop)) return;
    this.#add(isOfEntry(row) ? entries : hops, row, [was, row.hop]);
  }

  #add(at: Phase, row: CausedRow, [was, is]: readonly [Hop, Hop]): void {
    const { steps, dataplane, objectOf } = this.#parts;
    const { owner, layout, cube, cause, key } = row;
    // The object may have got a successor since the row was written, which has the map now.
    const objectId = objectOf(owner) ?? row.objectId;
    steps.add(at, rowStep({ dataplane, objectId, layout, cube, cause }, { key, was, is }));
  }
}

/**
 * Transparent cubes, by id, that frames come to from elsewhere and go on from to elsewhere: a frame
 * of the old way in would take the new way out.
 */
function movedCubes(was: readonly HopRow[], is: readonly HopRow[]): ReadonlySet<string> {
  const [before, after] = [new Passages(was), new Passages(is)];
  const moved = is.filter((row) => {
    const id = idOf(row);
    if (row.enteredBy === undefined || !before.has(id)) return false;
    return before.to(id) !== after.to(id) && before.from(id) !== after.from(id);
  });
  return new Set(moved.map(({ owner }) => owner));
}

/** What is passed before a row of a transparent cube, and after it. */
class Passages {
  readonly #rows: ReadonlyMap<string, HopRow>;
  /** By the hop that leads there, the row of a transparent cube. */
  readonly #entered: ReadonlyMap<string, string>;
  /** By the hop that it has, the row that leads there. */
  readonly #leaders: ReadonlyMap<string, string>;

  constructor(rows: readonly HopRow[]) {
    this.#rows = byId(rows);
    this.#entered = new Map(
      rows.flatMap((row) => (row.enteredBy ? [[hopId(row.enteredBy), idOf(row)] as const] : [])),
    );
    const leading = rows.filter(({ hop }) => hop.kind === "tail");
    this.#leaders = new Map(leading.map((row) => [hopId(row.hop), idOf(row)]));
  }

  has(id: string): boolean {
    return this.#rows.has(id);
  }

  to(id: string): string {
    const enteredBy = this.#rows.get(id)?.enteredBy;
    const leader = enteredBy && this.#leaders.get(hopId(enteredBy));
    return leader === undefined ? "" : `${this.to(leader)} ${leader}`;
  }

  from(id: string): string {
    const hop = this.#rows.get(id)?.hop ?? noHop;
    const next = hop.kind === "tail" ? this.#entered.get(hopId(hop)) : undefined;
    return next === undefined ? JSON.stringify(hop) : `${next} ${this.from(next)}`;
  }
}

function hopId({ slot, arg }: Hop): string {
  return `${slot}/${arg}`;
}

function byId<R extends HopRow>(rows: readonly R[]): Map<string, R> {
  return new Map(rows.map((row) => [idOf(row), row]));
}

function idOf({ owner, layout, key }: HopRow): string {
  return `${owner} ${layout.name} ${key}`;
}

function isOfEntry({ layout }: HopRow): boolean {
  return layout === entryObject.maps.hop;
}
