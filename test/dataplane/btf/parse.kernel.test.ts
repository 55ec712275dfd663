import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { type Btf, BtfError } from "../../../src/dataplane/btf/btf.ts";
import { formOf } from "../../../src/dataplane/btf/form.ts";
import { describeObject } from "../../../src/dataplane/btf/object.ts";
import { parseBtf } from "../../../src/dataplane/btf/parse.ts";
import type { ObjectLayout } from "../../../src/dataplane/layout.ts";
import { entryObject } from "../../../src/gen/bpf/entry.ts";
import { simplebridgeObject } from "../../../src/gen/bpf/simplebridge.ts";

function compiled(name: string): Buffer {
  return readFileSync(`build/bpf/${name}.bpf.o`);
}

/** The layout with each codec by its form, as the BTF of the object has it. */
function described(name: string, btf: Btf) {
  const { maps, programs } = describeObject(name, btf);
  const form = (id: number | undefined) => (id === undefined ? "nothing" : formOf(btf, id));
  return {
    maps: maps.map((map) => ({ ...map, key: form(map.key), value: form(map.value) })),
    programs,
  };
}

function generated({ maps, programs }: ObjectLayout) {
  return {
    maps: Object.values(maps).map(({ key, value, ...map }) => ({
      ...map,
      key: key.form,
      value: value.form,
    })),
    programs: Object.values(programs),
  };
}

describe("the BTF of a compiled object", () => {
  for (const layout of [entryObject, simplebridgeObject]) {
    it(`says of ${layout.name} what was generated from it`, () => {
      const btf = parseBtf(compiled(layout.name));

      assert.deepEqual(described(layout.name, btf), generated(layout));
    });
  }

  it("is refused where the file ends too early", () => {
    const object = compiled("entry");

    fc.assert(
      fc.property(fc.nat(object.length - 1), (end) => {
        assert.throws(() => parseBtf(object.subarray(0, end)), BtfError);
      }),
    );
  });

  it("is read or refused, whatever bits are flipped", () => {
    const object = compiled("entry");
    const flips = fc.array(fc.tuple(fc.nat(object.length - 1), fc.nat(7)), { maxLength: 50 });

    fc.assert(
      fc.property(flips, (flipped) => {
        const bytes = Buffer.from(object);
        for (const [at, bit] of flipped) bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        try {
          parseBtf(bytes);
        } catch (error) {
          assert.ok(error instanceof BtfError, String(error));
        }
      }),
    );
  });

  it("is looked for in vain where there is none", () => {
    const elf = compiled("entry").toString("latin1").replaceAll(".BTF\0", ".XXX\0");

    assert.throws(
      () => parseBtf(Buffer.from(elf, "latin1")),
      /an object without BTF: compile it with -g/,
    );
  });
});
