import assert from "node:assert/strict";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";

interface Port {
  readonly name: string;
  readonly uuid: string;
  readonly index: number;
}

function ports({ read }: EngineFixture): readonly Port[] {
  return (read(`${br0}/ports`, "config") ?? []) as readonly Port[];
}

function indexes(fixture: EngineFixture): Record<string, number> {
  return Object.fromEntries(ports(fixture).map(({ name, index }) => [name, index]));
}

const named = (...names: readonly string[]) => names.map((name) => ({ name }));

describe("the position of a port", () => {
  type Written = readonly [Edit["operation"], string, unknown?];
  const port = (name: string) => `${br0}/ports[name='${name}']`;

  const cases: readonly {
    readonly title: string;
    readonly commits: readonly (readonly Written[])[];
    readonly gives: Record<string, number>;
  }[] = [
    {
      title: "is the smallest that is free, in the order of names",
      commits: [[["create", br0, { ports: named("c", "a", "b") }]]],
      gives: { a: 0, b: 1, c: 2 },
    },
    {
      title: "is that of a port deleted before",
      commits: [
        [["create", br0, { ports: named("a", "b", "c") }]],
        [["delete", port("b")]],
        [["create", port("d"), {}]],
      ],
      gives: { a: 0, d: 1, c: 2 },
    },
    {
      title: "is not that of a port deleted in the same commit",
      commits: [
        [["create", br0, { ports: named("a", "b") }]],
        [
          ["delete", port("a")],
          ["create", port("d"), {}],
        ],
      ],
      gives: { b: 1, d: 2 },
    },
    {
      title: "stays when the port is replaced",
      commits: [
        [["create", br0, { ports: named("a", "b") }]],
        [["replace", port("b"), { peer: "dev1" }]],
      ],
      gives: { a: 0, b: 1 },
    },
    {
      title: "stays when the port is deleted and made again in one commit",
      commits: [
        [["create", br0, { ports: named("a", "b") }]],
        [
          ["delete", port("a")],
          ["create", port("a"), {}],
        ],
      ],
      gives: { a: 0, b: 1 },
    },
    {
      title: "stays when the bridge is replaced",
      commits: [
        [["create", br0, { ports: named("b", "c") }]],
        [["replace", br0, { ports: named("a", "c") }]],
      ],
      gives: { a: 2, c: 1 },
    },
  ];

  for (const { title, commits, gives } of cases) {
    it(title, async () => {
      const fixture = await engineFixture({ devices: ["dev1"] });

      for (const edits of commits) {
        await fixture.commit(...edits.map((written) => fixture.edit(...written)));
      }

      assert.deepEqual(indexes(fixture), gives);
    });
  }

  it("beyond the last is refused with the number of ports that there may be", async () => {
    const { edit, violations } = await engineFixture();
    const all = Array.from({ length: 129 }, (_, index) => ({ name: `p${index}` }));

    const [found] = await violations(edit("create", br0, { ports: all }));

    assert.deepEqual(found, {
      path: port("p99"),
      tag: "resource-denied",
      message: "129 ports, at most 128",
    });
  });

  it("beyond the last is refused, not given", async () => {
    const { edit, commit, violations } = await engineFixture();
    const all = Array.from({ length: 128 }, (_, index) => ({ name: `p${index}` }));
    await commit(edit("create", br0, { ports: all }));

    const found = await violations(edit("delete", port("p0")), edit("create", port("new"), {}));

    assert.deepEqual(
      found.map(({ path, tag }) => [path, tag]),
      [[`${port("new")}/index`, "resource-denied"]],
    );
  });
});

describe("a uuid", () => {
  it("is another for each cube and port", async () => {
    const fixture = await engineFixture();
    const { edit, commit, read } = fixture;
    await commit(
      edit("create", br0, { ports: named("a", "b") }),
      edit("create", "/simplebridge:simplebridge[name='br1']", {}),
    );

    const bridges = read("/simplebridge:simplebridge", "config") as { readonly uuid: string }[];
    const uuids = [...bridges, ...ports(fixture)].map(({ uuid }) => uuid);

    assert.equal(new Set(uuids).size, 4);
    for (const uuid of uuids) assert.match(uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("stays on replacement, and is new for a cube that is made again", async () => {
    const { edit, commit, objectId } = await engineFixture();
    await commit(edit("create", br0, {}));
    const first = objectId(br0);
    await commit(edit("replace", br0, { loglevel: "DEBUG" }));
    const replaced = objectId(br0);
    await commit(edit("delete", br0));
    await commit(edit("create", br0, {}));

    assert.equal(replaced, first);
    assert.notEqual(objectId(br0), first);
  });

  it("of a dry run is not that of the commit after it", async () => {
    const fixture = await engineFixture();
    const { engine, edit, commit } = fixture;
    const create = edit("create", br0, { ports: named("a") });
    await engine.commit([create], { ...local, dryRun: true });
    await commit(edit("create", br0, { ports: named("b", "c") }));
    await commit(edit("delete", br0));

    await commit(create);

    assert.deepEqual(indexes(fixture), { a: 0 });
  });
});
