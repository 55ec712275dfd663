import type { Drift } from "../datamodel/datastore/drift.ts";
import type { Log } from "../lib/log.ts";
import type { Mending } from "../services/engine/verifier.ts";

/** Drifts told in one line. */
const driftsMax = 5;

/** Logs that the data plane was not as configured, and was mended. */
export function mendLines(log: Log): (mending: Mending) => void {
  return ({ during, drifts: { total, drifts } }) => {
    const told = drifts.slice(0, driftsMax).map(driftText);
    log(levelOf(during), "data plane mended", { during, total, drifts: told });
  };
}

/** A restart of the host leaves nothing of the data plane, and a device may have gone meanwhile. */
function levelOf(during: Mending["during"]): "info" | "warn" {
  return during === "start" ? "info" : "warn";
}

function driftText({ cube, thing, kind, target }: Drift): string {
  return `${cube && `${cube}: `}${thing} ${target} ${kind}`;
}
