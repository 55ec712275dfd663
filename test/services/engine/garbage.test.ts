import assert from "node:assert/strict";
import { KernelError } from "../../../src/dataplane/dataplane.ts";
import { Garbage } from "../../../src/services/engine/garbage.ts";

const many = Array.from({ length: 50 }, (_, index) => `cubes/${index}`);

describe("objects that nothing uses any more", () => {
  it("are unloaded bit by bit where that takes long", async () => {
    const unloaded: string[] = [];
    const garbage = new Garbage({ dataplane: slow(unloaded), onError: raise });
    const seen: number[] = [];
    const look = () => {
      seen.push(unloaded.length);
      if (unloaded.length < many.length) setImmediate(look);
    };
    setImmediate(look);

    garbage.add(many);
    garbage.collect();
    const under = unloaded.length;
    garbage.add(["cubes/late"]);
    garbage.collect();
    await garbage.collecting;

    assert.deepEqual(unloaded, [...many, "cubes/late"]);
    assert.ok(under < many.length, `${under} at once`);
    assert.ok(seen.length > 2, `others had ${seen.length} turns`);
    assert.equal(garbage.collecting, undefined);
  });

  it("are all unloaded at once where they are few", () => {
    const unloaded: string[] = [];
    const dataplane = { unloadObject: (id: string) => void unloaded.push(id) };
    const garbage = new Garbage({ dataplane, onError: raise });

    garbage.add(many.slice(0, 3));
    garbage.collect();

    assert.deepEqual([unloaded.length, garbage.collecting], [3, undefined]);
  });

  it("wait for the next time where the kernel does not let go", () => {
    const errors: unknown[] = [];
    const tried: string[] = [];
    const unloadObject = (id: string) => {
      tried.push(id);
      if (tried.length === 1) throw new KernelError(`unloading ${id}`, "EBUSY");
    };
    const onError = (error: unknown) => void errors.push(error);
    const garbage = new Garbage({ dataplane: { unloadObject }, onError });

    garbage.add(["cubes/a", "cubes/b"]);
    garbage.collect();
    garbage.collect();

    assert.deepEqual(tried, ["cubes/a", "cubes/b", "cubes/a"]);
    assert.equal(errors.length, 1);
  });
});

/** Takes a millisecond for each. */
function slow(unloaded: string[]) {
  return {
    unloadObject: (id: string) => {
      const end = performance.now() + 1;
      while (performance.now() < end);
      unloaded.push(id);
    },
  };
}

function raise(error: unknown): never {
  throw error;
}
