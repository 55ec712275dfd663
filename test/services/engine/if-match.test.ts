import assert from "node:assert/strict";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const br1 = "/simplebridge:simplebridge[name='br1']";

/** Commit 1 makes two bridges; commit 2 changes the port p1 of br0, commit 3 its aging time. */
async function changedTwice(): Promise<EngineFixture> {
  const fixture = await engineFixture({ devices: ["dev1"] });
  const { edit, commit } = fixture;
  await commit(
    edit("create", br0, { ports: [{ name: "p1" }, { name: "p2" }] }),
    edit("create", br1, {}),
  );
  await commit(edit("merge", `${br0}/ports[name='p1']/peer`, "dev1"));
  await commit(edit("merge", `${br0}/fdb/aging-time`, 60));
  return fixture;
}

describe("a commit that expects a version", () => {
  const cases = [
    { writes: `${br0}/ports[name='p1']`, seen: "1", changed: `${br0}/ports[name='p1']`, by: 2 },
    { writes: `${br0}/ports[name='p1']`, seen: "2" },
    { writes: `${br0}/ports[name='p2']`, seen: "1" },
    { writes: `${br0}/fdb`, seen: "2", changed: `${br0}/fdb`, by: 3 },
    { writes: `${br0}/fdb`, seen: "3" },
    { writes: br0, seen: "2", changed: br0, by: 3 },
    { writes: br1, seen: "1" },
    { writes: `${br1}/fdb`, seen: "1" },
  ];

  for (const { writes, seen, changed, by } of cases) {
    const verdict = changed ? "is refused" : "goes through";
    it(`${seen} of ${writes} ${verdict} after 2 and 3 changed other and same nodes`, async () => {
      const { engine, edit } = await changedTwice();

      const outcome = await engine.commit([edit("replace", writes, {})], {
        ...local,
        ifMatch: seen,
      });

      const expected = changed && {
        path: changed,
        tag: "in-use",
        appTag: "if-match",
        message: `changed by commit ${by}, after ${seen}`,
      };
      assert.deepEqual(outcome.violations, expected && [expected]);
    });
  }

  it("names every node that changed", async () => {
    const { engine, edit } = await changedTwice();
    const edits = [
      edit("replace", `${br0}/ports[name='p1']`, {}),
      edit("replace", `${br0}/ports[name='p2']`, {}),
      edit("merge", `${br0}/fdb/aging-time`, 70),
      edit("merge", `${br0}/loglevel`, "DEBUG"),
    ];

    const { violations } = await engine.commit(edits, { ...local, ifMatch: "1" });

    const paths = violations?.map(({ path }) => path);
    assert.deepEqual(paths, [`${br0}/ports[name='p1']`, `${br0}/fdb/aging-time`]);
  });

  it("is refused for a node that was deleted", async () => {
    const { engine, edit, commit } = await changedTwice();
    await commit(edit("delete", `${br0}/ports[name='p2']`));
    const again = edit("merge", `${br0}/ports[name='p2']`, {});

    const { violations } = await engine.commit([again], { ...local, ifMatch: "3" });

    assert.deepEqual(
      violations?.map(({ path }) => path),
      [`${br0}/ports[name='p2']`],
    );
  });

  const beside: { title: string; change: [string, unknown]; write: [string, unknown] }[] = [
    {
      title: "a leaf, another of the same container",
      change: [`${br0}/loglevel`, "DEBUG"],
      write: [`${br0}/type`, "TC"],
    },
    {
      title: "a leaf, another that its container brought with it",
      change: [`${br0}/fdb/aging-time`, 9],
      write: [`${br0}/loglevel`, "DEBUG"],
    },
    {
      title: "a leaf, an entry below the same container",
      change: [`${br0}/fdb/entry[address='02:00:00:00:00:01']`, { port: "p1" }],
      write: [`${br0}/fdb/aging-time`, 9],
    },
    {
      title: "a new entry, another new one",
      change: [`${br0}/ports[name='p8']`, {}],
      write: [`${br0}/ports[name='p9']`, {}],
    },
    {
      title: "a list of entries, another entry",
      change: [`${br0}/ports[name='p8']`, {}],
      write: [`${br0}/ports`, [{ name: "p1" }, { name: "p9" }]],
    },
    {
      title: "an entry with nothing but its key, a leaf of it",
      change: [`${br0}/loglevel`, "DEBUG"],
      write: [br0, { name: "br0" }],
    },
  ];
  for (const { title, change, write } of beside) {
    it(`writes ${title} having changed`, async () => {
      const { engine, edit, commit } = await changedTwice();
      await commit(edit("merge", ...change));

      const outcome = await engine.commit([edit("merge", ...write)], { ...local, ifMatch: "3" });

      assert.equal(outcome.violations, undefined);
    });
  }

  it("goes through where the node was written again as it was", async () => {
    const { engine, edit, commit } = await changedTwice();
    await commit(
      edit("replace", `${br0}/ports[name='p1']`, { peer: "dev1" }),
      edit("merge", `${br0}/loglevel`, "DEBUG"),
    );
    const again = edit("merge", `${br0}/ports[name='p1']/peer`, "");

    const { violations } = await engine.commit([again], { ...local, ifMatch: "3" });

    assert.equal(violations, undefined);
  });

  it("goes through where only a part of the entry that came with it was left alone", async () => {
    const { engine, edit, commit } = await engineFixture();
    await commit(edit("create", br0, { ports: [{ name: "p1" }], fdb: { "aging-time": 9 } }));
    await commit(edit("merge", `${br0}/loglevel`, "DEBUG"));

    for (const path of [`${br0}/ports[name='p1']`, `${br0}/fdb`]) {
      const outcome = await engine.commit([edit("merge", path, {})], { ...local, ifMatch: "1" });
      assert.equal(outcome.violations, undefined, path);
    }
  });

  it("is refused for a commit that is still to come", async () => {
    const { engine, edit } = await changedTwice();

    const { violations } = await engine.commit([edit("merge", `${br0}/loglevel`, "DEBUG")], {
      ...local,
      ifMatch: "4",
    });

    const message = "there is no commit 4, the last one is 3";
    assert.deepEqual(violations, [{ path: "", tag: "in-use", appTag: "if-match", message }]);
  });

  for (const ifMatch of ["x", "-1", "1.0", "1 ", "9".repeat(16)]) {
    it(`is refused for ${JSON.stringify(ifMatch)}, which is no commit id`, async () => {
      const { engine, edit } = await engineFixture();

      const { violations } = await engine.commit([edit("create", br0, {})], { ...local, ifMatch });

      assert.deepEqual(
        violations?.map(({ path, tag }) => [path, tag]),
        [["", "invalid-value"]],
      );
    });
  }
});
