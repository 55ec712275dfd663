import type { CommitReport } from "./commit-report.ts";
import type { CubeLine } from "./cube-log.ts";
import type { Mending } from "./verifier.ts";

/** Who is told of what happens; they must not throw. */
export interface EngineListeners {
  /** Told of what happened without a caller to tell: a failed undo, a listener's error. */
  readonly onError: (error: unknown) => void;
  /** Told of what was not as configured, and was mended without being asked to. */
  readonly onMend?: (mending: Mending) => void;
  /** Told of every transaction when it is decided. */
  readonly onCommit?: (report: CommitReport) => void;
  /** Told of what cubes have for the log. */
  readonly onLine?: (line: CubeLine) => void;
}
