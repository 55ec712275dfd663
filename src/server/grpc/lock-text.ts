import { isJsonObject, shown } from "../../datamodel/schema/plain-form.ts";
import { DuplicateMemberError, parseJson } from "../../lib/json.ts";
import { GenerationError } from "./generation-error.ts";
import { groupOf, type Lock, type LockEntry } from "./lock.ts";

/** The largest number of a field in proto3. */
const numberMax = 2 ** 29 - 1;

/** Reads a lock that somebody may have written or merged by hand. @throws GenerationError */
export function parseLock(text: string): Lock {
  const json = parsed(text);
  if (!isJsonObject(json)) throw new GenerationError("is no lock: it has to be a JSON object");
  const entries = Object.entries(json).map(
    ([path, entry]) => [path, entryOf(path, entry)] as const,
  );
  refuseSame(entries);
  return Object.fromEntries(entries);
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw new GenerationError(error.message);
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    const reason = error.message.replaceAll(/\s+/g, " ");
    throw new GenerationError(`is no lock, since it is no JSON: ${reason}`, { cause: error });
  }
}

function entryOf(path: string, entry: unknown): LockEntry {
  if (!isJsonObject(entry)) throw wrong(path, "an entry has number, name and wire");
  const { number, name, wire } = entry;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > numberMax) {
    throw wrong(path, `${shown(number)} is not the number of a field`);
  }
  if (typeof name !== "string" || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw wrong(path, `${shown(name)} is not a name in proto`);
  }
  if (typeof wire !== "string") throw wrong(path, `${shown(wire)} is not the wire form of a field`);
  return { number, name, wire };
}

/** Two members of one message with one number would be one on the wire. */
function refuseSame(entries: Iterable<readonly [path: string, entry: LockEntry]>): void {
  const known = new Map<string, string>();
  for (const [path, { number }] of entries) {
    // What has no number of its own is 0.
    const member = `${groupOf(path)} ${number}`;
    const other = number === 0 ? undefined : known.get(member);
    if (other !== undefined) throw wrong(path, `number ${number} is that of ${other}, too`);
    known.set(member, path);
  }
}

function wrong(path: string, message: string): GenerationError {
  return new GenerationError(`${path}: ${message}`);
}
