import { type Btf, BtfError } from "../dataplane/btf/btf.ts";
import { formOf } from "../dataplane/btf/form.ts";
import { describeObject, type MapDescription } from "../dataplane/btf/object.ts";
import { parseBtf } from "../dataplane/btf/parse.ts";
import type { MapLayout, ObjectLayout } from "../dataplane/layout.ts";

/** What two descriptions of a map have to agree on, in words. */
interface MapWords {
  readonly type: string;
  readonly owner: string;
  readonly "number of rows": string;
  readonly key: string;
  readonly value: string;
}

/**
 * What a compiled object is otherwise than the layout that its service reads and writes rows by:
 * one that was compiled from other structs, or written by hand. Undefined where they agree.
 * `core`: the engine's own maps as it knows them, by name.
 */
export function objectFault(
  layout: ObjectLayout,
  object: Uint8Array,
  core: ReadonlyMap<string, MapLayout>,
): string | undefined {
  try {
    const btf = parseBtf(object);
    const [first] = [...differences(layout, btf), ...foreignCore(layout, core)];
    return first;
  } catch (error) {
    if (error instanceof BtfError) return error.message;
    // Types that contain themselves are followed until the stack is full.
    if (error instanceof RangeError) return "its types contain themselves";
    throw error;
  }
}

function* differences(layout: ObjectLayout, btf: Btf): Generator<string> {
  const { maps, programs, constants } = describeObject(layout.name, btf);
  const known = new Map(Object.values(layout.maps).map((map) => [map.name, map]));
  for (const map of maps) {
    const expected = known.get(map.name);
    if (expected === undefined) yield `map ${map.name} is in the object only`;
    else yield* mapDifferences(map.name, layoutWords(expected), objectWords(btf, map));
    known.delete(map.name);
  }
  for (const name of known.keys()) yield `map ${name} is not in the object`;
  const families = programs.map(({ name, family }) => [name, family] as const);
  yield* entryDifferences("program", new Map(families), programWords(layout));
  const forms = constants.map(({ name, type }) => [name, formOf(btf, type)] as const);
  yield* entryDifferences("constant", new Map(forms), constantWords(layout));
}

function* mapDifferences(name: string, service: MapWords, object: MapWords) {
  for (const what of Object.keys(service) as (keyof MapWords)[]) {
    if (service[what] === object[what]) continue;
    yield `map ${name}: its ${what} is ${object[what]} in the object, ${service[what]} in the service`;
  }
}

/** `kind` names entries that have one word each. */
function* entryDifferences(
  kind: string,
  object: ReadonlyMap<string, string>,
  service: ReadonlyMap<string, string>,
) {
  for (const name of new Set([...object.keys(), ...service.keys()])) {
    const [is, expected] = [object.get(name), service.get(name)];
    if (is === undefined) yield `${kind} ${name} is not in the object`;
    else if (expected === undefined) yield `${kind} ${name} is in the object only`;
    else if (is !== expected) {
      yield `${kind} ${name} is ${is} in the object, ${expected} in the service`;
    }
  }
}

/** The engine writes these by its own codecs. */
function* foreignCore({ maps }: ObjectLayout, core: ReadonlyMap<string, MapLayout>) {
  for (const map of Object.values(maps)) {
    if (map.owner !== "core") continue;
    const own = core.get(map.name);
    if (own === undefined) yield `map ${map.name} is one of an engine that is not this one`;
    for (const what of ["type", "key", "value"] as const) {
      const [is, expected] = own ? [layoutWords(map)[what], layoutWords(own)[what]] : [];
      if (is !== expected)
        yield `map ${map.name}: its ${what} is ${is}, the engine has ${expected}`;
    }
  }
}

function layoutWords({ type, owner, maxEntries, key, value }: MapLayout): MapWords {
  return { type, owner, "number of rows": String(maxEntries), key: key.form, value: value.form };
}

function objectWords(btf: Btf, { type, owner, maxEntries, key, value }: MapDescription): MapWords {
  const form = (id: number | undefined) => (id === undefined ? "nothing" : formOf(btf, id));
  const rows = { key: form(key), value: form(value) };
  return { type, owner, "number of rows": String(maxEntries), ...rows };
}

function programWords({ programs }: ObjectLayout): ReadonlyMap<string, string> {
  return new Map(Object.values(programs).map(({ name, family }) => [name, family]));
}

function constantWords({ constants }: ObjectLayout): ReadonlyMap<string, string> {
  return new Map(Object.values(constants).map(({ name, value }) => [name, value.form]));
}
