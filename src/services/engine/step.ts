import type { PlanStep } from "../../datamodel/datastore/datastore.ts";
import {
  type Attachment,
  KernelError,
  type ObjectRequest,
  type ProgramSlot,
} from "../../dataplane/dataplane.ts";
import type { MapLayout, ObjectLayout } from "../../dataplane/layout.ts";
import type { Breather } from "../../lib/slices.ts";

/**
 * One thing a commit does to the data plane. A plan is the list of steps in the order they are
 * done; applying does exactly these, undoing does their opposites from the last to the first.
 */
export interface Step {
  /** What a dry run prints; the same steps are then made. */
  describe(): PlanStep[];
  apply(): void;
  undo(): void;
  /**
   * What is left to be done where something of it may be there already; undefined if nothing is.
   * Steps without it are done in any case.
   */
  onto?(ground: Ground): Step | undefined;
  /**
   * Of what `onto` has given: what is there instead of each thing that is described; undefined
   * where there is nothing.
   */
  found?(): readonly unknown[];
  /** The object that it loads, or that has what it writes or places. */
  readonly objectId?: string;
}

/** The cube that a step is done for, and the path of the node that causes it. */
export type StepOwner = Required<Pick<PlanStep, "cube" | "cause">>;

/** A slot of a jump table. */
export type Slot = Pick<ProgramSlot, "family" | "slot">;

/** What is in the data plane already; asking for something says that it is wanted. */
export interface Ground {
  /** Whether the object is there. If not, one that it succeeds may leave it rows. */
  takeObject(wanted: {
    readonly request: ObjectRequest;
    readonly from?: string | undefined;
    readonly layout: ObjectLayout;
    readonly owner: StepOwner;
  }): boolean;
  /** The value of a row; undefined where there is no such row. */
  takeRow(
    map: { readonly objectId: string; readonly layout: MapLayout },
    key: Uint8Array,
  ): Uint8Array | undefined;
  takeProgram(place: Slot): ProgramSlot | undefined;
  /** What is attached at the hook, or else what is in the way of it. */
  takeAttachment(wanted: Attachment): {
    readonly same?: Attachment;
    readonly excluded?: Attachment;
  };
  /** A device that is to be promiscuous. */
  takeMode(ifindex: number): void;
}

/**
 * When a step is done. New rows are complete before anything points to them, the pointing rows are
 * single stores, and what is no longer pointed to goes last (DATAPATH.md §1). A hop points to a
 * cube; rows of the cube point to its hops.
 */
export const phase = {
  load: 0,
  /** Rows of cubes that no frame enters yet. */
  fillRows: 1,
  setProgram: 2,
  putHops: 3,
  putRows: 4,
  attach: 5,
  /** Chains that were made aside while frames still passed the old ones come to their place. */
  settleHops: 6,
  detach: 7,
  deleteRows: 8,
  clearHops: 9,
  clearProgram: 10,
} as const;

export type Phase = (typeof phase)[keyof typeof phase];

/** Steps being collected, in any order. */
export class StepList {
  readonly #phases: Step[][] = Object.values(phase).map(() => []);

  add(at: Phase, step: Step): void {
    this.#phases[at]?.push(step);
  }

  /** By phase, and in the order of their making within one. */
  ordered(): Step[] {
    return this.#phases.flat();
  }
}

/** A step that could not be done; those before it were undone. */
export class StepError extends Error {
  override readonly name = "StepError";
  /** Instance path of the node that caused the step. */
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.path = path;
  }
}

/** A device may vanish at any time: between two steps, too. */
export function deviceVanished({ cause }: StepError): boolean {
  return cause instanceof KernelError && cause.code === "ENODEV";
}

/** Does the steps in order; when one fails, undoes those before it. @throws StepError */
export async function applySteps(steps: readonly Step[], breather: Breather): Promise<void> {
  for (const [index, step] of steps.entries()) {
    try {
      step.apply();
    } catch (cause) {
      undoSteps(steps.slice(0, index), cause);
      throw new StepError(step.describe()[0]?.cause ?? "", cause);
    }
    if (breather.isDue) await breather.breathe();
  }
}

/**
 * Undoes steps from the last to the first. One that cannot be undone does not keep the others from
 * it; all failures are thrown together, `cause` first.
 */
export function undoSteps(steps: readonly Step[], cause?: unknown): void {
  const failures: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      step.undo();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 0) return;
  throw new AggregateError([cause, ...failures], "undoing a commit failed");
}
