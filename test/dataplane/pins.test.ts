import assert from "node:assert/strict";
import fc from "fast-check";
import { folderOf, idOf } from "../../src/dataplane/pins.ts";

describe("folders of pins", () => {
  it("give the id back, hold no dot and none of the names the data plane uses itself", () => {
    const segment = fc.oneof(
      fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !text.includes("/")),
      fc.constantFrom("maps", "programs", "shared", "links", "staging", ".", ".."),
    );
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 3 }), (segments) => {
        const id = segments.join("/");
        const folder = folderOf(id);

        assert.equal(idOf(folder), id);
        assert.equal(folder.split("/").length, segments.length);
        assert.doesNotMatch(folder, /\.|(^|\/)(maps|programs|shared|links|staging)($|\/)/);
      }),
    );
  });

  it("are readable for plain names", () => {
    assert.equal(folderOf("cubes/br-0"), "cubes/br-0");
  });
});
