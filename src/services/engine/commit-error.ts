import { CommitError, refuse } from "../../datamodel/error.ts";
import { KernelError, TakenError } from "../../dataplane/dataplane.ts";
import { deviceVanished, StepError } from "./step.ts";

/** This process may open no more, or the whole machine. */
const outOfFiles: ReadonlySet<string> = new Set(["EMFILE", "ENFILE"]);

/**
 * Why a commit failed, as its caller hears of it. A device may vanish between the moment a commit
 * is judged and the one it is applied: it is then refused as if the device had been absent before.
 */
export function commitError(error: unknown): unknown {
  if (error instanceof AggregateError) {
    const [cause] = error.errors as readonly unknown[];
    const message = `${cause instanceof Error ? cause.message : cause}; undoing failed in parts`;
    return new CommitError("kernel", message, { cause: error });
  }
  if (!(error instanceof StepError) || !(error.cause instanceof KernelError)) return error;
  if (deviceVanished(error)) {
    const message = `the network device vanished during the commit: ${error.message}`;
    return refuse("operation-failed", error.path, message, "instance-required");
  }
  if (error.cause instanceof TakenError) return refuse("in-use", error.path, error.message);
  const undone = `${error.message}; everything was undone`;
  if (outOfFiles.has(error.cause.code)) return refuse("resource-denied", error.path, undone);
  const message = `${error.path}: ${undone}`;
  return new CommitError("kernel", message, { cause: error });
}
