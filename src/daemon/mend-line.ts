import type { Drift } from "../datamodel/datastore/drift.ts";
import type { Log } from "../lib/log.ts";
import type { Mending } from "../services/engine/verifier.ts";

/** Drifts told in one line. */
const driftsMax = 5;

/** Logs that the data plane was not as configured, and was mended. */
export function mendLines(log: Log): (mending: Mending) => void {
  return ({ during, drifts: { total, drifts } }) => {
    // A restart of the host leaves nothing of it, and a device may have gone meanwhile.
    const level = during === "start" ? "info" : "warn";
    const told = drifts.slice(0, driftsMax).map(driftText);
    log(level, "data plane mended", { during, total, drifts: told });
  };
}

function driftText({ cube, thing, kind, target }: Drift): string {
  return `${cube && `${cube}: `}${thing} ${target} ${kind}`;
}
