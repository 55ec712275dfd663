import { assert } from "../../lib/assert.ts";
import type { DataSchema, LeafSchema, ListSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import type { YangList } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import { Cursor, isParent, objectOf } from "../xpath/cursor.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { effectiveValue } from "../xpath/evaluation.ts";
import { Counts, type UndoLog } from "./counts.ts";
import type { Report } from "./report.ts";

/** Counts the combinations of values that a `unique` statement allows only once in a list. */
export class UniqueIndex {
  readonly #engine: XpathEngine;
  readonly #list: ListSchema;
  readonly #ways: readonly (readonly DataSchema[])[];
  readonly #counts = new Counts();

  constructor(engine: XpathEngine, list: ListSchema, paths: readonly (readonly string[])[]) {
    this.#engine = engine;
    this.#list = list;
    this.#ways = paths.map((path) => leafWay(list, path));
  }

  /** True for the unique of configuration; others are not judged. */
  get isConfig(): boolean {
    return this.#ways.every((way) => way.every(({ config }) => config));
  }

  /** True for the nodes whose values, or existence, it looks at. */
  reads(schema: DataSchema): boolean {
    return this.#ways.some((way) => way.includes(schema));
  }

  entryChanged(was: Cursor | undefined, is: Cursor | undefined, log: UndoLog): boolean {
    const [before, after] = [was && this.#combination(was), is && this.#combination(is)];
    if (before === after) return false;
    const group = (is ?? was)?.parent?.identity ?? "";
    if (before !== undefined) log.change(this.#counts, { group, value: before, by: -1 });
    if (after !== undefined) log.change(this.#counts, { group, value: after, by: 1 });
    return after !== undefined;
  }

  /** Judges a new or changed entry, once all changes are counted. */
  judge(entry: Cursor, report: Report): void {
    const combination = this.#combination(entry);
    if (combination === undefined || entry.parent === undefined) return;
    if (this.#counts.get(entry.parent.identity, combination) < 2) return;
    const names = this.#ways.map((way) => way.map(({ name }) => name).join("/")).join(" ");
    const message = `"${names}" has to be unique, but is the same in ${this.#other(entry, combination)}`;
    report.add(entry, { tag: "operation-failed", appTag: "data-not-unique", message });
  }

  #other(entry: Cursor, combination: string): string {
    const { parent } = entry;
    assert(parent !== undefined, "a list entry has a parent");
    const list = objectOf(parent)[this.#list.prop] as YangList<DataObject>;
    for (const [key, other] of list.entries()) {
      if (key === entry.key) continue;
      const cursor = new Cursor(parent, this.#list, other, key);
      if (this.#combination(cursor) === combination) return `entry ${keyText(this.#list, other)}`;
    }
    return "another entry";
  }

  /**
   * The entry's values; undefined where one is missing, which excuses the entry (RFC 7950 §7.8.3).
   */
  #combination(entry: Cursor): string | undefined {
    const texts: string[] = [];
    for (const way of this.#ways) {
      const value = this.#valueAt(entry, way);
      if (value === undefined) return undefined;
      texts.push(`${typeof value}${String(value)}`);
    }
    return texts.join("\u0000");
  }

  #valueAt(entry: Cursor, way: readonly DataSchema[]): LeafValue | undefined {
    let at = entry;
    for (const schema of way) {
      const value = effectiveValue(at, schema, this.#engine.evaluation(at, schema.path));
      if (value === undefined) return undefined;
      at = new Cursor(at, schema, value as DataObject | LeafValue);
    }
    return at.value as LeafValue;
  }
}

function leafWay(list: ListSchema, path: readonly string[]): DataSchema[] {
  const way: DataSchema[] = [];
  let at: DataSchema = list;
  for (const name of path) {
    const child: DataSchema | undefined = isParent(at) ? childNamed(at, name) : undefined;
    assert(child !== undefined, `unique of ${list.path} names ${path.join("/")}`);
    way.push(child);
    at = child;
  }
  return way;
}

function childNamed(
  parent: { readonly childByName: ReadonlyMap<string, DataSchema>; readonly module?: string },
  name: string,
): DataSchema | undefined {
  return parent.childByName.get(name) ?? parent.childByName.get(`${parent.module}:${name}`);
}

function keyText({ keys }: ListSchema, entry: DataObject): string {
  return keys
    .map((key: LeafSchema) => `${key.name}='${key.type.toText(entry[key.prop] as LeafValue)}'`)
    .join(" ");
}
