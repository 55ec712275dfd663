import assert from "node:assert/strict";
import fc from "fast-check";
import {
  emptyList,
  type InsertPoint,
  type ListDraft,
  sortKey,
  type YangList,
} from "../../../src/datamodel/tree/list.ts";

interface Entry {
  readonly value: number;
}
type Entries = YangList<Entry, readonly [number]>;

function build(userOrdered: boolean, keys: readonly number[]): Entries {
  const draft = emptyList<Entry, readonly [number]>(userOrdered).draft();
  for (const key of keys) draft.set(sortKey([key]), { value: key });
  return draft.freeze();
}

function values(list: Entries): number[] {
  return [...list].map(({ value }) => value);
}

describe("YangList", () => {
  it("iterates integers by value, negative ones first", () => {
    const list = build(false, [10, -1, 9, 2, -30, 0]);

    assert.deepEqual(values(list), [-30, -1, 0, 2, 9, 10]);
  });

  it("iterates 64-bit keys by value", () => {
    const keys = [2n ** 64n - 1n, 0n, -(2n ** 63n), 10n, 9n];
    const draft = emptyList<{ key: bigint }, readonly [bigint]>(false).draft();
    for (const key of keys) draft.set(sortKey([key]), { key });

    const sorted = [...draft.freeze()].map(({ key }) => key);

    assert.deepEqual(sorted, [-(2n ** 63n), 0n, 9n, 10n, 2n ** 64n - 1n]);
  });

  it("keeps user order and goes on behind a given key", () => {
    const list = build(true, [5, 1, 3]);

    assert.deepEqual(values(list), [5, 1, 3]);
    assert.deepEqual(
      [...list.entries(sortKey([1]))].map(([, { value }]) => value),
      [3],
    );
  });

  it("tells exactly what differs between two versions", () => {
    const older = build(false, [1, 2, 3]);
    const draft = older.draft();
    draft.delete(sortKey([1]));
    draft.set(sortKey([2]), { value: 20 });
    draft.set(sortKey([4]), { value: 4 });
    const newer = draft.freeze();
    const seen: unknown[] = [];

    newer.diff(older, (_key, was, is) => seen.push([was?.value, is?.value]));

    assert.deepEqual(seen, [
      [1, undefined],
      [2, 20],
      [undefined, 4],
    ]);
    assert.deepEqual(values(older), [1, 2, 3]);
  });

  it("places like a plain array does, however often an entry is moved to one spot", () => {
    const moves = fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.constantFrom("before", "after")), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(moves, (steps) => {
        let model = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        const draft = build(true, model).draft();

        for (const [moved, point, where] of steps) {
          if (moved === point) continue;
          move(draft, moved, { where: where as "before", point: sortKey([point]) });
          model = model.filter((key) => key !== moved);
          model.splice(model.indexOf(point) + (where === "after" ? 1 : 0), 0, moved);
        }

        assert.deepEqual(values(draft.freeze()), model);
      }),
    );
  });

  it("survives more insertions between two neighbours than a double has bits", () => {
    const draft = build(true, [0, 1000]).draft();

    for (let key = 1; key <= 200; key += 1) {
      move(draft, key, { where: "after", point: sortKey([0]) });
    }

    const order = values(draft.freeze());
    assert.deepEqual(order, [0, ...Array.from({ length: 200 }, (_, at) => 200 - at), 1000]);
  });

  it("gives placements that turn an older order into a newer one", () => {
    const older = build(true, [1, 2, 3, 4]);
    const draft = older.draft();
    move(draft, 4, { where: "first" });
    move(draft, 9, { where: "after", point: sortKey([1]) });
    const newer = draft.freeze();

    const replay = older.draft();
    for (const key of newer.placed(older)) {
      const predecessor = newer.predecessor(key);
      const insert =
        predecessor === undefined ? first : ({ where: "after", point: predecessor } as const);
      replay.set(key, newer.at(key) ?? { value: -1 }, insert);
    }

    assert.deepEqual(values(replay.freeze()), [4, 1, 9, 2, 3]);
  });
});

const first: InsertPoint = { where: "first" };

function move(draft: ListDraft<Entry, readonly [number]>, key: number, insert: InsertPoint): void {
  draft.set(sortKey([key]), { value: key }, insert);
}
