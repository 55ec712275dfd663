import assert from "node:assert/strict";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service, settingsRow } from "../../../src/services/helloworld/service.ts";
import { engineFixture } from "../../support/engine.ts";

const services = [service] as object as readonly Discovered[];
const hw0 = "/helloworld:helloworld[name='hw0']";

describe("the wire", () => {
  for (const action of ["DROP", "FORWARD"] as const) {
    it(`has a row that says ${action}`, () => {
      const row = { key: 0, value: { action: action.toLowerCase() } };
      assert.deepEqual(settingsRow({ action }), row);
    });
  }

  it("drops until it is told to forward", async () => {
    const { edit, commit, read } = await engineFixture({ services });
    await commit(edit("create", hw0, {}));

    assert.equal(read(`${hw0}/action`), "DROP");
  });

  it("has two ends", async () => {
    const { edit, violations } = await engineFixture({ services });
    const ports = ["a", "b", "c"].map((name) => ({ name }));

    const [violation] = await violations(edit("create", hw0, { ports }));

    assert.equal(violation?.appTag, "too-many-elements");
  });
});
