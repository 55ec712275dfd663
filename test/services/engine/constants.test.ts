import assert from "node:assert/strict";
import { u32 } from "../../../src/lib/codec.ts";
import type { AnyService } from "../../../src/services/any-service.ts";
import { engineFixture, local } from "../../support/engine.ts";
import { patchPanel } from "../../support/patch-panel.ts";

const pp0 = "/patch:patch[name='pp0']";

describe("the constants of a cube", () => {
  it("are loaded with its object, by their names in C", async () => {
    const { edit, commit, memory, objectId } = await engineFixture({ services: [patchPanel] });

    await commit(edit("create", pp0, { rooms: 9 }));

    const request = memory.loadedRequest(objectId(pp0));
    assert.deepEqual(request?.constants, { rooms_max: u32.encode(9) });
  });

  it("are shown by a plan", async () => {
    const { edit, engine } = await engineFixture({ services: [patchPanel] });

    const { plan } = (await engine.commit([edit("create", pp0, { rooms: 9 })], {
      ...local,
      dryRun: true,
    })) as { plan: readonly { value?: unknown }[] };

    assert.deepEqual(plan[0]?.value, { cables: 9, roomsMax: 9 });
  });

  const careless: readonly { title: string; of: Partial<AnyService>; leaf: string }[] = [
    {
      title: "constants",
      of: { constants: (config) => ({ roomsMax: [...(config["cable"] as never)].length }) },
      leaf: "/patch:patch/cable",
    },
    {
      title: "capacity",
      of: { capacity: { cables: (config) => Number(config["comment"] ?? 1) } },
      leaf: "/patch:patch/comment",
    },
  ];
  for (const { title, of, leaf } of careless) {
    it(`must not follow from what may change: ${title} that read such a node are a fault`, async () => {
      const services = [{ ...patchPanel, ...of }];
      const { edit, commit } = await engineFixture({ services });

      await assert.rejects(commit(edit("create", pp0, {})), new RegExp(`${leaf} may change`));
    });
  }
});
