import type { Verification, Verifier } from "../../datamodel/datastore/drift.ts";
import { CommitError, refuse } from "../../datamodel/error.ts";
import type { Schema } from "../../datamodel/schema/schema.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import { Breather } from "../../lib/slices.ts";
import type { Discovered } from "../any-service.ts";
import { emptyState, type Version } from "./commit-log.ts";
import { Planner } from "./planner.ts";
import { applySteps, deviceVanished, StepError } from "./step.ts";
import { type Survey, survey } from "./takeover.ts";
import type { Turns } from "./turns.ts";

const noDrifts: Pick<Verification, "drifts" | "total"> = { drifts: [], total: 0 };

export interface VerifierParts {
  readonly schema: Schema;
  readonly services: readonly Discovered[];
  readonly dataplane: Dataplane;
  readonly devices: Devices;
  readonly planner: Planner;
  readonly turns: Turns;
  readonly version: () => Version;
  /** Resolves when nothing that was applied can be undone any more. */
  readonly durable: () => Promise<void>;
  /** Rows have marks of their own meanwhile. */
  readonly isTracing: () => boolean;
  /** Told of objects that were loaded, and of those that nothing uses any more. */
  readonly repaired: (loaded: ReadonlySet<string>, unused: readonly string[]) => Promise<void>;
  /** Told of what was mended without being asked to. */
  readonly onMend?: ((mending: Mending) => void) | undefined;
}

/** What of the data plane was not as configured, and is now. */
export interface Mending {
  /** What gave the occasion to look. */
  readonly during: "start" | "commit";
  readonly drifts: Pick<Verification, "drifts" | "total">;
}

/**
 * Compares the data plane with the configuration, in the way of a daemon that takes over: by a plan
 * from nothing, less what is there.
 *
 * Most of the time nothing is wrong. So it looks first beside the commits, at the configuration
 * there is when it begins; only if something seems to be other than it should, which may be a
 * commit on its way, it looks again in a turn of its own. Commits wait for that, and not for a
 * comparison that finds nothing.
 */
export class DataplaneVerifier implements Verifier {
  readonly #parts: VerifierParts;
  /** The last attempt to mend something has failed. */
  #isInDoubt = false;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
  }

  async verify({ repair }: { readonly repair: boolean }): Promise<Verification> {
    const { turns, version } = this.#parts;
    this.#refuseTracing();
    const { id } = version();
    if (await this.#seemsRight()) return verification(id);
    return turns.take(async () => {
      this.#refuseTracing();
      return await this.mend({ repair });
    });
  }

  /** Mends what somebody seems to have changed, before a commit builds on it; only in a turn. */
  async mendIfDisturbed(): Promise<void> {
    const { dataplane } = this.#parts;
    if (!this.#isInDoubt && !dataplane.isDisturbed) return;
    this.#isInDoubt = true;
    await this.#mendForCommit();
    this.#isInDoubt = false;
  }

  /**
   * After steps of a commit have failed: finds out whether everything is as it was before, from
   * which somebody may have kept the undo. What is not is mended; only in a turn.
   * @throws in any case what is to be told of the commit
   */
  async refuseAfter(error: unknown): Promise<never> {
    if (error instanceof StepError && deviceVanished(error)) throw error;
    this.#isInDoubt = true;
    const { total } = await this.#mendForCommit().catch((failure: unknown) => {
      throw new AggregateError([error, failure], "undoing a commit failed");
    });
    this.#isInDoubt = false;
    throw total === 0 ? error : mendedError(error);
  }

  async #mendForCommit(): Promise<Verification> {
    const found = await this.mend({ repair: true });
    if (found.total > 0) this.#parts.onMend?.({ during: "commit", drifts: found });
    return found;
  }

  /** Compares, and mends what differs if that is wanted; only in a turn. */
  async mend({ repair }: { readonly repair: boolean }): Promise<Verification> {
    const { durable, version } = this.#parts;
    await durable();
    const { id } = version();
    const { drifts } = await this.#survey(new Breather(), { isTrial: true });
    const isRepaired = drifts.total > 0 && repair;
    if (isRepaired) await this.#repair();
    return verification(id, drifts, isRepaired);
  }

  #refuseTracing(): void {
    if (!this.#parts.isTracing()) return;
    throw refuse("in-use", "", "frames are being traced, which marks rows");
  }

  /** What is applied or taken away meanwhile may be in the way, and is no fault. */
  async #seemsRight(): Promise<boolean> {
    try {
      const { drifts } = await this.#survey(new Breather(), { isTrial: true });
      return drifts.total === 0;
    } catch {
      return false;
    }
  }

  async #repair(): Promise<void> {
    const { planner, repaired } = this.#parts;
    const breather = new Breather();
    const fresh = this.#freshPlanner();
    const { plan, loads } = await this.#survey(breather, { isTrial: false, fresh });
    try {
      await applySteps(plan.steps, breather);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `the data plane is not as configured, and repairing it failed: ${reason}`;
      throw new CommitError("kernel", message, { cause });
    }
    planner.adopt(fresh);
    await repaired(loads, plan.unload);
  }

  async #survey(
    breather: Breather,
    { isTrial, fresh = this.#freshPlanner() }: { isTrial: boolean; fresh?: Planner },
  ): Promise<Survey> {
    const { schema, dataplane, planner, version } = this.#parts;
    dataplane.refresh();
    const empty: DataObject = emptyState(schema).root;
    const { root } = version();
    const { running } = planner;
    const takeover = { planner: fresh, parts: this.#parts, empty, root, running, isTrial };
    return await breather.run(survey(takeover));
  }

  #freshPlanner(): Planner {
    return new Planner(this.#parts.schema, this.#parts);
  }
}

function mendedError(error: unknown): CommitError {
  const [cause] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${reason}; the data plane was not as configured, and has been mended`;
  return new CommitError("kernel", message, { cause: error });
}

function verification(id: number, found = noDrifts, isRepaired = false): Verification {
  const { drifts, total } = found;
  return { commitId: String(id), drifts, total, isRepaired };
}
