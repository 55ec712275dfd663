import type { ListSchema, ParentSchema } from "../datamodel/schema/schema.ts";
import { memberOf } from "../lib/json.ts";
import { type Body, isBody } from "./body.ts";
import type { Edit } from "./edit.ts";
import { keyPredicates } from "./target.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Edits that write bodies of any size: what fits is one edit, and long lists, wherever they are,
 * become edits of their own that have some thousand entries each.
 */

/** JSON of one edit; a message has a few of them. */
const jsonMax = 2 ** 18;
/** A list shorter than this stays in the body it stands in. */
const longListMin = 1000;

/** How a node is written, and where it is. */
interface Writing {
  readonly operation: "CREATE" | "MERGE";
  readonly path: string;
}

/** Writes a container or list entry. */
export function nodeEdits(writing: Writing, schema: ParentSchema, body: Body): Edit[] {
  const { rest, lists } = withoutLongLists(schema, body);
  return [
    { ...writing, json: JSON.stringify(rest) },
    ...lists.flatMap(({ at, list, entries }) => listEdits(below(writing, at), list, entries)),
  ];
}

function below({ operation, path }: Writing, at: string): Writing {
  return { operation, path: path + at };
}

/** Writes entries of a list; their keys stand in them. */
export function listEdits(writing: Writing, list: ListSchema, entries: readonly Body[]): Edit[] {
  const jsons: string[] = [];
  const inner: Edit[] = [];
  for (const entry of entries) {
    refuseKeyless(list, entry);
    const { rest, lists } = withoutLongLists(list, entry);
    jsons.push(JSON.stringify(rest));
    for (const { at, list: long, entries: inside } of lists) {
      const place = predicatesOf(list, entry) + at;
      inner.push(...listEdits(below(writing, place), long, inside));
    }
  }
  const parts = joined(jsons);
  return [
    ...parts.map((part) => ({ ...writing, json: `[${part.join()}]`, entries: part.length })),
    ...inner,
  ];
}

/** `[name='br0']` of an entry that holds its keys. @throws UsageError */
export function predicatesOf(list: ListSchema, entry: Body): string {
  refuseKeyless(list, entry);
  const texts = list.keys.map(({ jsonName }) => String(memberOf(entry, jsonName)));
  return keyPredicates(list.keys, texts);
}

function refuseKeyless(list: ListSchema, entry: Body): void {
  const missing = list.keys.find(({ jsonName }) => memberOf(entry, jsonName) === undefined);
  if (missing) throw new UsageError(`an entry of ${list.name} has no key ${missing.name}`);
  const empty = list.keys.find(({ jsonName }) => memberOf(entry, jsonName) === null);
  if (!empty) return;
  throw new UsageError(
    `an entry of ${list.name} has null for key ${empty.name}, which is no value`,
  );
}

interface LongList {
  /** Path below the body. */
  readonly at: string;
  readonly list: ListSchema;
  readonly entries: readonly Body[];
}

/** A body, and the lists in it that are too long to stay there. */
export function withoutLongLists(
  schema: ParentSchema,
  body: Body,
): { rest: Body; lists: readonly LongList[] } {
  const lists: LongList[] = [];
  let rest = body;
  for (const child of schema.children) {
    const value = memberOf(body, child.jsonName);
    const at = `/${child.jsonName}`;
    if (child.kind === "container" && isBody(value)) {
      const below = withoutLongLists(child, value);
      if (below.lists.length === 0) continue;
      rest = { ...rest, [child.jsonName]: below.rest };
      lists.push(...below.lists.map((long) => ({ ...long, at: at + long.at })));
    } else if (child.kind === "list" && isLongList(value)) {
      const { [child.jsonName]: _, ...others } = rest;
      rest = others;
      lists.push({ at, list: child, entries: value });
    }
  }
  return { rest, lists };
}

/** A list with anything but objects in it is left for the daemon to refuse. */
function isLongList(value: unknown): value is readonly Body[] {
  return Array.isArray(value) && value.length >= longListMin && value.every(isBody);
}

/** In parts that do not exceed `jsonMax`, unless one text alone does. */
function joined(jsons: readonly string[]): string[][] {
  const parts: string[][] = [];
  let size = 0;
  for (const json of jsons) {
    const last = parts.at(-1);
    size += json.length;
    if (last !== undefined && size <= jsonMax) {
      last.push(json);
      continue;
    }
    parts.push([json]);
    size = json.length;
  }
  return parts;
}
