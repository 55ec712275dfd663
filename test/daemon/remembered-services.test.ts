import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RememberedServices } from "../../src/daemon/remembered-services.ts";

describe("remembered services", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "yangplane-remembered-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const a = { name: "a", folder: "/srv/a" };
  const b = { name: "b", folder: "/srv/b" };

  it("are none at first, and those added and not removed afterwards", async () => {
    const services = await RememberedServices.open(folder);
    assert.deepEqual(services.list(), []);

    await services.add(a);
    await services.add(b);
    await services.add({ ...a, folder: "/srv/other" });
    await services.remove("b");

    const reopened = await RememberedServices.open(folder);
    assert.deepEqual(reopened.list(), [{ ...a, folder: "/srv/other" }]);
    assert.deepEqual(reopened.list(), services.list());
  });

  it("are those of before where the file cannot be written", async () => {
    const services = await RememberedServices.open(folder);
    await services.add(a);
    mkdirSync(join(folder, "services.json.new"));

    await assert.rejects(services.add(b), /EISDIR/);

    assert.deepEqual(services.list(), [a]);
    assert.deepEqual((await RememberedServices.open(folder)).list(), [a]);
  });

  for (const damaged of ["", "{", "[]", '{"services": [{"name": "a"}]}']) {
    it(`are not guessed from a file that holds ${damaged || "nothing"}`, async () => {
      writeFileSync(join(folder, "services.json"), damaged);

      await assert.rejects(RememberedServices.open(folder), /services\.json is damaged: remove it/);
    });
  }
});
