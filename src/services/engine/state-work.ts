import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { Step } from "./step.ts";

/** What a commit does to state, beside what its edits do to configuration. */
export interface StateWork {
  /** They come last, since they cannot be undone. */
  readonly steps: readonly Step[];
  /** Nodes whose state changes by it. */
  readonly changed: readonly InstancePath[];
}

export const noWork: StateWork = { steps: [], changed: [] };

export function bothWorks(first: StateWork, second: StateWork): StateWork {
  return {
    steps: [...first.steps, ...second.steps],
    changed: [...first.changed, ...second.changed],
  };
}
