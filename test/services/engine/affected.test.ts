import assert from "node:assert/strict";
import { LoadedCubes } from "../../../src/services/engine/loaded-cubes.ts";
import { engineFixture } from "../../support/engine.ts";

const bridge = (name: string) => `/simplebridge:simplebridge[name='${name}']`;

describe("a commit about one of many cubes", () => {
  it("looks at no other", async () => {
    const { commit, edit } = await engineFixture();
    const names = Array.from({ length: 20 }, (_, index) => `br${index}`);
    await commit(...names.map((name) => edit("create", bridge(name), {})));
    const each = LoadedCubes.prototype[Symbol.iterator];
    let seen = 0;
    LoadedCubes.prototype[Symbol.iterator] = function* (this: LoadedCubes) {
      for (const cube of each.call(this)) {
        seen += 1;
        yield cube;
      }
    };

    try {
      await commit(edit("merge", bridge("br7"), { fdb: { "aging-time": 60 } }));
      assert.equal(seen, 0);
    } finally {
      LoadedCubes.prototype[Symbol.iterator] = each;
    }
  });
});
