import assert from "node:assert/strict";
import { u32, u64 } from "../../../src/lib/codec.ts";
import type { AnyService } from "../../../src/services/any-service.ts";
import { engineFixture } from "../../support/engine.ts";
import { patchPanel } from "../../support/patch-panel.ts";

const pp0 = "/patch:patch[name='pp0']";

/** The patch panel with another meter. */
function metered(value: typeof u64 | typeof u32): AnyService {
  const { object } = patchPanel;
  const meter = { name: "meter", type: "percpu_hash", owner: "state", key: u32, value } as const;
  const maps = { ...object.maps, meter: { ...meter, maxEntries: 128 } };
  const total = (values: unknown) =>
    (values as readonly (bigint | number)[]).reduce<bigint>((sum, each) => sum + BigInt(each), 0n);
  return {
    ...patchPanel,
    object: { ...object, maps },
    state: {
      cable: ({ maps: { meter: counts } }) => {
        const [row] = counts?.rows() ?? [];
        assert.deepEqual(counts?.get(row?.key), row?.value);
        return [{ from: "a", frames: total(row?.value) }];
      },
    },
  };
}

describe("a state map that each CPU has rows of its own in", () => {
  const counts = [
    {
      title: "words",
      codec: u64,
      bytes: [
        [5, 0, 0, 0, 0, 0, 0, 0],
        [7, 0, 0, 0, 0, 0, 0, 0],
      ],
    },
    {
      title: "values that are padded",
      codec: u32,
      bytes: [
        [5, 0, 0, 0, 1, 1, 1, 1],
        [7, 0, 0, 0, 1, 1, 1, 1],
      ],
    },
  ];

  for (const { title, codec, bytes } of counts) {
    it(`is read as one value for each: ${title}`, async () => {
      const { edit, commit, read, memory, objectId } = await engineFixture({
        services: [metered(codec)],
      });
      await commit(edit("create", pp0, { ports: [{ name: "a" }] }));
      const value = Uint8Array.from(bytes.flat());

      memory.putRows(objectId(pp0), "meter", [{ key: u32.encode(0), value }]);

      assert.deepEqual(read(`${pp0}/cable[from='a']/frames`), "12");
    });
  }
});
