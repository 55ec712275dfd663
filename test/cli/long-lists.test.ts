import assert from "node:assert/strict";
import { type GetPart, type PartRequest, readStart, readWhole } from "../../src/cli/long-lists.ts";
import { Refusal } from "../../src/cli/refusal.ts";

interface Tree {
  readonly [name: string]: Tree | readonly Tree[] | number;
}

/** Answers as the daemon does, for paths like `/a/3/b`; parts over `sizeMax` are refused. */
function daemonWith(tree: Tree, sizeMax = Number.POSITIVE_INFINITY) {
  const asked: PartRequest[] = [];
  const getPart: GetPart = async (request) => {
    asked.push(request);
    const { path, pageSize, pageToken = "0" } = request;
    const rests: { pointer: string; path: string; size: number; pageToken: string }[] = [];
    const cut = (value: unknown, pointer: string, from: string): unknown => {
      if (typeof value !== "object" || value === null) return value;
      if (!Array.isArray(value)) {
        const members = Object.entries(value);
        return Object.fromEntries(
          members.map(([k, v]) => [k, cut(v, `${pointer}/${k}`, `${from}/${k}`)]),
        );
      }
      const start = pointer === "" ? Number(pageToken) : 0;
      const end = start + pageSize;
      const rest = { pointer, path: from, size: value.length, pageToken: String(end) };
      if (end < value.length) rests.push(rest);
      return value
        .slice(start, end)
        .map((one, index) => cut(one, `${pointer}/${index}`, `${from}/${start + index}`));
    };
    const data = cut(at(tree, path), "", path);
    if (JSON.stringify(data).length <= sizeMax) return { data, rests };
    throw new Refusal("RESOURCE_EXHAUSTED", "too big", { violations: [], total: 0 });
  };
  return { asked, getPart };
}

function at(tree: Tree, path: string): unknown {
  let value: unknown = tree;
  for (const name of path.split("/").slice(1)) value = (value as Tree)[name];
  return value;
}

const list = (length: number, inner = 0, above = 0): Tree[] =>
  Array.from({ length }, (_, index) => {
    const id = 1000 * above + index;
    return inner > 0 ? { id, inner: list(inner, 0, id) } : { id };
  });

describe("a node with long lists", () => {
  const tree: Tree = { a: list(25_000), b: { c: list(3), d: list(10_001) }, e: 1 };

  it("is read whole", async () => {
    assert.deepEqual(await readWhole(daemonWith({ t: tree }).getPart, "/t"), tree);
  });

  it("is read in smaller parts where the parts are too big, lists inside lists too", async () => {
    const deep: Tree = { cubes: list(30, 40) };
    const { getPart, asked } = daemonWith({ t: deep }, 500);
    assert.deepEqual(await readWhole(getPart, "/t"), deep);
    assert(asked.some(({ pageSize }) => pageSize < 30));
  });

  it("is read from its start in one call, with the lengths of what was cut", async () => {
    const { getPart, asked } = daemonWith({ t: tree });
    const { data, lengths } = await readStart(getPart, "/t", 5);
    const { a, b } = data as { a: unknown[]; b: { c: unknown[]; d: unknown[] } };
    assert.deepEqual([a.length, b.c.length, b.d.length], [5, 3, 5]);
    assert.deepEqual(
      [a, b.c, b.d].map((one) => lengths.get(one)),
      [25_000, undefined, 10_001],
    );
    assert.equal(asked.length, 1);
  });

  it("that cannot be read even one entry at a time is refused", async () => {
    const { getPart } = daemonWith({ t: tree }, 3);
    await assert.rejects(readWhole(getPart, "/t"), Refusal);
  });
});
