import type { Drift } from "../../datamodel/datastore/drift.ts";
import { refuse } from "../../datamodel/error.ts";
import type { Api } from "./api.ts";
import { jsonText } from "./commit-message.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import type { Caller } from "./unary.ts";

/** DataplaneService.Verify. */
export async function verify(
  { verifier, log }: Api,
  request: PlainMessage,
  { user }: Caller,
): Promise<PlainMessage> {
  if (!verifier) throw refuse("operation-not-supported", "", "this server has no data plane");
  const found = await verifier.verify({ repair: request["repair"] === true });
  const { drifts, total, isRepaired: repaired, commitId } = found;
  if (total > 0) log("warn", "data plane drifted", { user, total, repaired });
  return { drifts: drifts.map(driftMessage), total: BigInt(total), repaired, commit_id: commitId };
}

const things: Readonly<Record<Drift["thing"], number>> = {
  object: 1,
  row: 2,
  program: 3,
  attachment: 4,
  device: 5,
};

const kinds: Readonly<Record<Drift["kind"], number>> = { missing: 1, changed: 2, unexpected: 3 };

function driftMessage({ cube, thing, kind, target, key, ...drift }: Drift): PlainMessage {
  return {
    cube,
    thing: things[thing],
    kind: kinds[kind],
    target,
    key: jsonText(key),
    expected: jsonText(drift.expected),
    found: jsonText(drift.found),
    cause: drift.cause ?? "",
  };
}
