import { type Edit, isDeletion } from "../datastore/datastore.ts";
import type { CaseMembership, DataSchema, ListSchema } from "../schema/schema.ts";
import { explicit } from "./diff.ts";
import { type ChildHistory, historyOf } from "./history.ts";
import { sortKey, type YangList } from "./list.ts";
import { type DataObject, isSet, keysOf } from "./node.ts";
import type { InstancePath, PathStep } from "./path.ts";

/** A node that an edit writes, and the commit that changed it, or anything below it, last. */
export interface Conflict {
  readonly path: InstancePath;
  readonly changedBy: number;
}

/**
 * The nodes an edit writes that changed after commit `seen`: the one it names, with all below, or
 * of a list as a whole that is merged, the entries given; and what is in the way of their case.
 * A merge of nothing only needs its node to be there. What stands beside is never looked at.
 */
export function* conflictsOf(edit: Edit, root: DataObject, seen: number): Generator<Conflict> {
  for (const { path, at } of writtenBy(edit, root)) {
    if (at > seen) yield { path, changedBy: at };
  }
}

/** A node that is written, and the commit that changed what is written of it last. */
interface Written {
  readonly path: InstancePath;
  readonly at: number;
}

/** A node, there or not, of which one knows how old it is. */
interface Spot {
  readonly path: InstancePath;
  /** Of a container or entry that is there. */
  readonly object: DataObject | undefined;
  /** The commit with which it came, or went, with all below it. */
  readonly came: number;
  /** The commit that changed it, or anything below it, last. */
  readonly last: number;
}

function* writtenBy(edit: Edit, root: DataObject): Generator<Written> {
  let spot: Spot = { path: [], object: root, came: 0, last: historyOf(root).last };
  for (const [index, step] of edit.path.entries()) {
    if (!isDeletion(edit)) yield* otherCases(spot, step.schema);
    if (index === edit.path.length - 1 && edit.insert) yield orderOf(spot, step);
    if (isMergedList(step, edit)) {
      yield* entriesOf(spot, step.schema as ListSchema, edit.value as Iterable<DataObject>);
      return;
    }
    spot = below(spot, step);
  }
  yield { path: spot.path, at: isTouch(edit) ? spot.came : spot.last };
}

function isMergedList({ schema, keys }: PathStep, { operation }: Edit): boolean {
  return schema.kind === "list" && keys === undefined && operation === "merge";
}

function* entriesOf(
  parent: Spot,
  schema: ListSchema,
  entries: Iterable<DataObject>,
): Generator<Written> {
  for (const entry of entries) {
    const { path, last } = below(parent, { schema, keys: keysOf(schema, entry) });
    yield { path, at: last };
  }
}

/** Setting a node of one case removes the others (RFC 7950 §7.9). */
function* otherCases(parent: Spot, { inCase }: DataSchema): Generator<Written> {
  for (let at: CaseMembership | undefined = inCase; at; at = at.outer) {
    for (const [name, members] of at.choice.cases) {
      if (name === at.caseName) continue;
      for (const schema of members) {
        const { path, last } = below(parent, { schema });
        yield { path, at: last };
      }
    }
  }
}

function orderOf(parent: Spot, step: PathStep): Written {
  const at = childHistory(parent, step.schema)?.order ?? 0;
  return { path: [...parent.path, step], at };
}

/** A merge of a container or entry that gives nothing but keys. */
function isTouch({ path, operation, value }: Edit): boolean {
  const schema = path.at(-1)?.schema;
  if (operation !== "merge" || (schema?.kind !== "container" && schema?.kind !== "list"))
    return false;
  const given = (value ?? {}) as DataObject;
  return !schema.children.some((child) => {
    const isKey = child.kind === "leaf" && child.isKey;
    return !isKey && isSet(given, child);
  });
}

function childHistory({ object }: Spot, { prop }: DataSchema): ChildHistory | undefined {
  return object && historyOf(object).children.get(prop);
}

function below(parent: Spot, step: PathStep): Spot {
  const { schema, keys, value } = step;
  const path = [...parent.path, step];
  const known = childHistory(parent, schema);
  const held = parent.object && explicit(parent.object, schema);
  if (schema.kind === "container") {
    return objectSpot(path, held as DataObject | undefined, newest(parent.came, known?.last));
  }
  if (schema.kind === "list" && keys !== undefined) {
    const key = sortKey(keys);
    const entry = (held as YangList<DataObject> | undefined)?.at(key);
    const changed = entry ? historyOf(entry).born : memberChange(known, key);
    return objectSpot(path, entry, newest(parent.came, changed));
  }
  const changed =
    schema.kind === "leaf-list" && value !== undefined
      ? memberChange(known, schema.type.toText(value))
      : known?.last;
  const came = newest(parent.came, changed);
  return { path, object: undefined, came, last: came };
}

function objectSpot(path: InstancePath, object: DataObject | undefined, came: number): Spot {
  return { path, object, came, last: newest(came, object && historyOf(object).last) };
}

function memberChange(known: ChildHistory | undefined, member: string): number | undefined {
  return known?.members.get(member) ?? known?.forgotten;
}

function newest(a: number, b: number | undefined): number {
  return Math.max(a, b ?? 0);
}
