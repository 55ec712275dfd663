import assert from "node:assert/strict";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service, settingsRow } from "../../../src/services/transparenthelloworld/service.ts";
import { engineFixture } from "../../support/engine.ts";

const services = [service] as object as readonly Discovered[];
const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";

describe("a cube that passes or drops", () => {
  for (const action of ["DROP", "PASS"] as const) {
    it(`has a row for a way that says ${action}`, () => {
      const row = { key: 1, value: { action: action.toLowerCase() } };
      assert.deepEqual(settingsRow({ key: 1, action }), row);
    });
  }

  it("passes everything until it is told otherwise", async () => {
    const { edit, commit, read } = await engineFixture({ services });
    await commit(edit("create", th0, {}));

    assert.equal(read(`${th0}/ingress-action`), "PASS");
    assert.equal(read(`${th0}/egress-action`), "PASS");
  });

  it("has no ports", async () => {
    const { edit } = await engineFixture({ services });

    assert.throws(() => edit("create", th0, { ports: [{ name: "a" }] }), /ports/);
  });
});
