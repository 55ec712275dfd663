import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import type { JsonObject } from "../../../src/datamodel/codec/encode.ts";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import { nodeAt } from "../../../src/datamodel/tree/diff.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import type { DataObject } from "../../../src/datamodel/tree/node.ts";
import { parsePath } from "../../../src/datamodel/tree/path.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { atOnce } from "../../../src/lib/slices.ts";
import type { YangContext } from "../../../tools/libyang/libyang.ts";
import { limit, runs } from "../../support/fuzz-runs.ts";
import { arbitraryData } from "../../support/random-data.ts";
import { edit, jsonOf, treeOf } from "../../support/tree.ts";
import { fixtureContext, fixtureSchema } from "./fixture.ts";
import { spotsBelow } from "./random-edits.ts";

const schema = fixtureSchema("prune-rules");
const validator = createValidator(schema);
const lamp = "/prune-rules:lamp";

interface Outcome {
  readonly root: DataObject;
  /** `path: message` of what is wrong nevertheless. */
  readonly wrong: readonly string[];
}

function committed(running: DataObject, edits: readonly Edit[]): Outcome {
  const edited = applyEdits(running, edits);
  const root = atOnce(validator.pruning(running, edited, { edits }));
  const { violations, discard } = validator.validate(running, root);
  discard();
  return { root, wrong: violations.map(({ path, message }) => `${path}: ${message}`) };
}

const lampOf = (root: DataObject) => (jsonOf(schema, root) as JsonObject)["prune-rules:lamp"] ?? {};

type Written = readonly [operation: Edit["operation"], path: string, json?: unknown];

const off: Written = ["merge", "/mode", "off"];

const cases: readonly {
  readonly title: string;
  readonly was: JsonObject;
  readonly edits: readonly Written[];
  readonly is: JsonObject;
}[] = [
  {
    title: "deletes a leaf, values, entries and containers of which none is wanted any more",
    was: {
      mode: "full",
      colour: [1, 2],
      beam: { width: 1 },
      shade: [{ name: 1 }, { name: 2 }],
      ambient: 1,
    },
    edits: [off],
    is: { mode: "off", ambient: 1 },
  },
  {
    title: "deletes what only a default made impossible",
    was: { mode: "dim", level: 1 },
    edits: [["remove", "/mode"]],
    is: {},
  },
  {
    title: "deletes what hangs on a deleted node, and below entries that stay",
    was: {
      mode: "dim",
      level: 2,
      timer: { seconds: 1 },
      shade: [{ name: 1, tint: 1 }, { name: 2 }],
      chained: 1,
    },
    edits: [["merge", "/mode", "full"]],
    is: { mode: "full", shade: [{ name: 1 }, { name: 2 }] },
  },
  {
    title: "leaves what the deletion of another node makes possible again",
    was: { mode: "dim", level: 2, ambient: 1, glow: 3, chained: 1 },
    edits: [off, ["remove", "/ambient"]],
    is: { mode: "off", glow: 3, chained: 1 },
  },
  {
    title: "deletes the nodes of a case that is not possible any more",
    was: { mode: "dim", cells: 2 },
    edits: [["merge", "/mode", "full"]],
    is: { mode: "full" },
  },
  {
    title: "deletes a node together with what it stands in",
    was: { mode: "full", beam: { width: 2, focus: 1 } },
    edits: [off, ["remove", "/beam/width"]],
    is: { mode: "off" },
  },
  {
    title: "deletes below one entry without touching the others",
    was: {
      mode: "dim",
      part: [
        { id: 1, active: true, load: 1 },
        { id: 2, active: true, load: 2 },
      ],
    },
    edits: [["merge", "/part[id='1']/active", false]],
    is: {
      mode: "dim",
      part: [
        { id: 1, active: false },
        { id: 2, active: true, load: 2 },
      ],
    },
  },
  {
    title: "deletes conditions that held one another up",
    was: { mode: "dim", "ring-a": 1, "ring-b": 1 },
    edits: [off],
    is: { mode: "off" },
  },
];

const refused: readonly {
  readonly title: string;
  readonly was: JsonObject;
  readonly edits: readonly Written[];
  readonly wrong: string;
}[] = [
  {
    title: "a new node",
    was: {},
    edits: [["merge", "/level", 1]],
    wrong: `${lamp}/level: may exist only when "../mode = 'dim'" is true`,
  },
  {
    title: "a node that was there, written by its own path",
    was: { mode: "dim", level: 1 },
    edits: [["merge", "/level", 1], off],
    wrong: `${lamp}/level: may exist only when "../mode = 'dim'" is true`,
  },
  {
    title: "a node that was there, written with its parent",
    was: { mode: "dim", colour: [1, 2], level: 1 },
    edits: [["replace", "", { mode: "off", colour: [2] }]],
    wrong: `${lamp}/colour[.='2']: may exist only when "../mode != 'off'" is true`,
  },
  {
    title: "a container that something is written into",
    was: { mode: "full", beam: { width: 1 } },
    edits: [off, ["merge", "/beam/width", 2]],
    wrong: `${lamp}/beam: may exist only when "../mode = 'full'" is true`,
  },
  {
    title: "an entry of a list written as a whole",
    was: { mode: "full", shade: [{ name: 1 }] },
    edits: [off, ["merge", "/shade", [{ name: 1 }]]],
    wrong: `${lamp}/shade[name='1']: may exist only when "../mode != 'off'" is true`,
  },
];

const editsOf = (edits: readonly Written[]) =>
  edits.map(([operation, path, json]) => edit(schema, operation, lamp + path, json));

describe("a when that turns false", () => {
  for (const { title, was, edits, is } of cases) {
    it(title, () => {
      const { root, wrong } = committed(
        treeOf(schema, { "prune-rules:lamp": was }),
        editsOf(edits),
      );

      assert.deepEqual(wrong, []);
      assert.deepEqual(lampOf(root), is);
    });
  }

  for (const { title, was, edits, wrong } of refused) {
    it(`refuses ${title}`, () => {
      const running = treeOf(schema, { "prune-rules:lamp": was });

      assert.deepEqual(committed(running, editsOf(edits)).wrong, [wrong]);
    });
  }

  it("changes nothing where no condition is read", () => {
    const running = treeOf(schema, { "prune-rules:lamp": { mode: "dim", level: 1 } });
    const edits = editsOf([["merge", "/ambient", 1]]);
    const edited = applyEdits(running, edits);

    assert.equal(atOnce(validator.pruning(running, edited, { edits })), edited);
  });

  it("leaves alone what hangs on a node that could not be read", () => {
    const running = treeOf(schema, { "prune-rules:lamp": { mode: "dim", level: 1 } });
    const edits = editsOf([["remove", "/mode"]]);
    const unread = [{ path: parsePath(schema, `${lamp}/mode`) }];
    const edited = applyEdits(running, edits);

    assert.equal(atOnce(validator.pruning(running, edited, { edits, unread })), edited);
  });
});

/** What a client removes, then merges. */
interface Step {
  readonly removed: readonly string[];
  readonly merged: JsonObject;
}

/** What libyang makes of the same, undefined where it refuses the result. */
function byLibyang(context: YangContext, running: DataObject, step: Step): unknown {
  using tree = context.tree(JSON.stringify(jsonOf(schema, running)));
  assert.equal(tree.validate(), undefined);
  for (const path of step.removed) tree.remove(path);
  tree.merge(JSON.stringify(step.merged));
  // One pass takes what it deletes last for there when it judges what hangs on it.
  for (let before = ""; ; before = JSON.stringify(tree.json())) {
    if (tree.validate() !== undefined) return undefined;
    if (JSON.stringify(tree.json()) === before) return tree.json();
  }
}

/**
 * In one order, whatever order a server keeps; without the nodes that libyang judges while what
 * decides them is still there.
 */
function comparable(json: unknown): unknown {
  const { glow: _, chained: __, ...rest } = (json as JsonObject)["prune-rules:lamp"] as JsonObject;
  return sorted(rest);
}

function sorted(json: unknown): unknown {
  if (Array.isArray(json)) {
    return json.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .map(([name, value]) => [name, sorted(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Without what goes with a node above it, and without values that libyang wants one by one. */
function highest(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter(
    (path) => !path.endsWith("/colour") && !paths.some((other) => path.startsWith(`${other}/`)),
  );
}

/**
 * The codec leaves out empty containers, which libyang takes for given; a leaf-list is replaced by
 * ours and added to by libyang.
 */
function alike(json: JsonObject): JsonObject {
  const { colour: _, ...lampJson } = (json["prune-rules:lamp"] ?? {}) as JsonObject;
  return jsonOf(schema, decodeJson(schema.root, { "prune-rules:lamp": lampJson })) as JsonObject;
}

/** Only what has no condition, so that a commit writes nothing that may be deleted. */
function unconditional(json: JsonObject): JsonObject {
  const { mode, ambient, part } = (json["prune-rules:lamp"] ?? {}) as JsonObject;
  const parts = ((part ?? []) as JsonObject[]).map(({ id, active }) => ({ id, active }));
  return { "prune-rules:lamp": JSON.parse(JSON.stringify({ mode, ambient, part: parts })) };
}

/** Conditions that libyang judges while what they read is still there, and nodes it always has. */
const judgedOtherwise = /\/(beam|charge|timer|glow|chained|tint|ring-a|focus)$/;

/** True for the condition of a node that was there before. */
function isWritten(violation: string, running: DataObject): boolean {
  const [path = "", message = ""] = violation.split(": ");
  const isThere = nodeAt(running, parsePath(schema, path)) !== undefined;
  return message.startsWith("may exist only when") && (isThere || judgedOtherwise.test(path));
}

describe("whens that turn false, beside libyang", () => {
  const context = fixtureContext("prune-rules");
  after(() => context[Symbol.dispose]());

  const start = treeOf(schema, {
    "prune-rules:lamp": {
      mode: "dim",
      level: 1,
      colour: [1],
      timer: {},
      shade: [{ name: 1, tint: 1 }],
      ambient: 1,
      glow: 1,
      chained: 1,
      cells: 1,
      "ring-b": 1,
      part: [{ id: 1, active: true, load: 1 }],
    },
  });
  const arbitraryStep = fc.record({
    picks: fc.array(fc.nat(), { maxLength: 3 }),
    merged: arbitraryData(schema, { conditional: true, entriesMax: 2 }),
    brief: fc.boolean(),
  });

  it("deletes and refuses the same in random series of commits", () => {
    const seen = { pruned: 0, refused: 0, same: 0 };
    fc.assert(
      fc.property(fc.array(arbitraryStep, { minLength: 1, maxLength: 8 }), (steps) => {
        let running = start;
        for (const { picks, merged, brief } of steps) {
          const spots = spotsBelow(schema.root, jsonOf(schema, running) as JsonObject, "");
          const removed = picks.flatMap((pick) => spots[pick % spots.length]?.path ?? []);
          const content = brief ? unconditional(merged) : alike(merged);
          const step = { removed: highest(removed), merged: content };
          running = compared(running, step, seen);
        }
      }),
      { numRuns: runs(300) },
    );
    assert(seen.pruned > 50 && seen.refused > 50 && seen.same > 20, JSON.stringify(seen));
  }).timeout(limit(60_000));

  function compared(running: DataObject, step: Step, seen: Record<string, number>): DataObject {
    const edits = [
      ...step.removed.map((path) => edit(schema, "remove", path)),
      edit(schema, "merge", lamp, step.merged["prune-rules:lamp"] ?? {}),
    ];
    const { root, wrong } = committed(running, edits);
    const theirs = byLibyang(context, running, {
      ...step,
      merged: { "prune-rules:lamp": {}, ...step.merged },
    });
    const told = JSON.stringify({ was: jsonOf(schema, running), step, wrong, theirs }, null, 1);
    if (wrong.length > 0) {
      seen["refused"] = (seen["refused"] ?? 0) + 1;
      // libyang does not tell who wrote a node that is still as it was: it deletes that too.
      if (theirs !== undefined)
        assert(
          wrong.every((text) => isWritten(text, running)),
          told,
        );
      return running;
    }
    const ours = jsonOf(schema, root) as JsonObject;
    assert(theirs !== undefined, told);
    if (Object.keys(ours).length === 0) return running;
    assert.equal(context.validateJson(JSON.stringify(ours)), undefined, told);
    assert.deepEqual(comparable(ours), comparable(theirs), told);
    const kept = JSON.stringify(jsonOf(schema, applyEdits(running, edits)));
    const kind = JSON.stringify(ours) === kept ? "same" : "pruned";
    seen[kind] = (seen[kind] ?? 0) + 1;
    return root;
  }
});
