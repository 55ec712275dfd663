/**
 * Members of one object have the same name: nobody can tell which is meant, and I-JSON, which
 * RFC 7951 builds on, has no such objects (RFC 7493 §2.3).
 */
export class DuplicateMemberError extends Error {
  override readonly name = "DuplicateMemberError";
  /** Where they are: `/ports[2]/name` for one in the second entry of an array. */
  readonly places: readonly string[];

  constructor(places: readonly string[]) {
    super(`${places.join(", ")}: given twice`);
    this.places = places;
  }
}

/** As many places as one error names. */
const placesMax = 100;
/** What is cut off is deeper than any model goes. */
const placeLengthMax = 1000;

/**
 * As `JSON.parse`, which would take the last of several members with one name.
 * @throws DuplicateMemberError, and what `JSON.parse` throws
 */
export function parseJson(text: string): unknown {
  const json: unknown = JSON.parse(text);
  // Cheap: where each name that the text may have became a member, none was lost. Text in strings
  // may look like names, so a difference proves nothing yet.
  if ((text.match(/"\s*:/g)?.length ?? 0) === memberCount(json)) return json;
  const places = duplicates(text);
  if (places.length > 0) throw new DuplicateMemberError(places);
  return json;
}

interface JsonObject {
  [member: string]: unknown;
}

/** Sets a member of any name: assignment would take `__proto__` for the prototype. */
export function setMember(json: JsonObject, name: string, value: unknown): void {
  if (name !== "__proto__") json[name] = value;
  else Object.defineProperty(json, name, { value, enumerable: true, configurable: true });
}

/** The member of this name, if there is one: others, as `constructor`, all objects inherit. */
export function memberOf(json: Readonly<JsonObject>, name: string): unknown {
  return Object.hasOwn(json, name) ? json[name] : undefined;
}

function memberCount(json: unknown): number {
  let count = 0;
  const pending: unknown[] = [json];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (typeof at !== "object" || at === null) continue;
    const values = Object.values(at);
    if (!Array.isArray(at)) count += values.length;
    addComposites(values, pending);
  }
  return count;
}

/** One by one: there may be more than a call takes arguments. */
function addComposites(values: readonly unknown[], pending: unknown[]): void {
  for (const value of values) if (typeof value === "object") pending.push(value);
}

/** An object or array that is open. */
interface Frame {
  /** Undefined for an array. */
  readonly names: Set<string> | undefined;
  name: string;
  index: number;
}

/** Reads JSON that is in order. */
function duplicates(text: string): string[] {
  const places: string[] = [];
  const open: Frame[] = [];
  for (const [token, name] of text.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(?:\s*:)?|[{}[\],]/gs)) {
    if (token === "{") open.push({ names: new Set(), name: "", index: 0 });
    else if (token === "[") open.push({ names: undefined, name: "", index: 1 });
    else if (token === "}" || token === "]") open.pop();
    else if (token === ",") advance(open.at(-1));
    else if (token.endsWith(":") && !isNew(name ?? "", open.at(-1))) places.push(placeOf(open));
    if (places.length === placesMax) break;
  }
  return places;
}

/** Takes the name of a member, in quotes; false where the object has one of that name. */
function isNew(quoted: string, frame: Frame | undefined): boolean {
  if (frame?.names === undefined) return true;
  frame.name = JSON.parse(quoted) as string;
  const isKnown = frame.names.has(frame.name);
  frame.names.add(frame.name);
  return !isKnown;
}

function advance(frame: Frame | undefined): void {
  if (frame) frame.index += 1;
}

function placeOf(open: readonly Frame[]): string {
  const steps = open.map(({ names, name, index }) => (names ? `/${name}` : `[${index}]`));
  const place = steps.join("");
  return place.length > placeLengthMax ? `${place.slice(0, placeLengthMax)}…` : place;
}
