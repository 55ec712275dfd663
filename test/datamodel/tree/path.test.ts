import assert from "node:assert/strict";
import fc from "fast-check";
import { RequestError } from "../../../src/datamodel/error.ts";
import type { ParentSchema } from "../../../src/datamodel/schema/schema.ts";
import {
  type InstancePath,
  PathParser,
  type PathStep,
  parsePath,
  printPath,
} from "../../../src/datamodel/tree/path.ts";
import { everyTypeSchema } from "../../support/every-type.ts";
import { arbitraryValue } from "../../support/random-value.ts";

const schema = everyTypeSchema();

/** A path below `parent`, ending at any node. */
function arbitraryPath(parent: ParentSchema): fc.Arbitrary<InstancePath> {
  return fc.constantFrom(...parent.children).chain((child) => {
    const whole: PathStep = { schema: child };
    if (child.kind === "container") return below(child, fc.constant(whole));
    if (child.kind === "list") {
      const keys = child.keys.map(({ type, ir }) =>
        (arbitraryValue(ir.type, schema.derivedIdentities, "m") ?? fc.constant("x")).map((json) =>
          type.fromJson(json),
        ),
      );
      const chosen =
        keys.length === 0 ? fc.integer({ min: 1, max: 99 }).map((n) => [n]) : fc.tuple(...keys);
      const entry = chosen.map((values): PathStep => ({ schema: child, keys: values }));
      return fc.oneof(fc.constant([whole]), below(child, entry));
    }
    const value = fc.string({ minLength: 0, maxLength: 5, unit: fc.constantFrom(..."'\"a ]=[/") });
    return child.kind === "leaf-list" && child.name === "order"
      ? value.map((text) => [{ schema: child, value: text }])
      : fc.constant([whole]);
  });
}

function below(parent: ParentSchema, step: fc.Arbitrary<PathStep>): fc.Arbitrary<InstancePath> {
  return fc
    .tuple(step, fc.option(arbitraryPath(parent), { nil: [] }))
    .map(([first, rest]) => [first, ...rest]);
}

describe("parsePath and printPath", () => {
  const paths = [
    { text: "/", canonical: "/" },
    { text: "/m:switch", canonical: "/m:switch" },
    { text: "/m:switch[name='s']/fdb/aging-time", canonical: "/m:switch[name='s']/fdb/aging-time" },
    { text: '/m:switch[ m:name\t= "s" ]', canonical: "/m:switch[name='s']" },
    { text: "/m:switch[name='s']/m:blob", canonical: "/m:switch[name='s']/blob" },
    {
      text: "/m:switch[name='s']/ports[name='p']/aug:name",
      canonical: "/m:switch[name='s']/ports[name='p']/aug:name",
    },
    {
      text: "/m:switch[name='s']/fdb/entry[mac='AA:00:00:00:00:00'][vlan='0x10']",
      canonical: "/m:switch[name='s']/fdb/entry[vlan='16'][mac='aa:00:00:00:00:00']",
    },
    { text: "/m:switch[name='s']/tag[.='007']", canonical: "/m:switch[name='s']/tag[.='7']" },
    {
      text: `/m:switch[name='s']/order[.="it's"]`,
      canonical: `/m:switch[name='s']/order[.="it's"]`,
    },
    {
      text: `/m:switch[name='s']/order[.=concat('a"', "'b")]`,
      canonical: `/m:switch[name='s']/order[.=concat('a"', "'", 'b')]`,
    },
    { text: "/m:switch[name='s']/order[.=']/[']", canonical: "/m:switch[name='s']/order[.=']/[']" },
    { text: "/m:switch[name='s']/event[3]/text", canonical: "/m:switch[name='s']/event[3]/text" },
  ];

  for (const { text, canonical } of paths) {
    it(`reads ${text}`, () => {
      assert.equal(printPath(parsePath(schema, text)), canonical);
      assert.equal(printPath(parsePath(schema, canonical)), canonical, "and what it prints");
    });
  }

  it("reads back every path it prints", () => {
    fc.assert(
      fc.property(arbitraryPath(schema.root), (path) => {
        assert.deepEqual(parsePath(schema, printPath(path)), path);
      }),
    );
  });

  it("gives keys in canonical form and in the order of the key statement", () => {
    const path = parsePath(schema, "/m:switch[name='s']/fdb/entry[mac='AA:BB'][vlan='16']");

    assert.deepEqual(path.at(-1)?.keys, [16, "aa:bb"]);
  });

  const refused = [
    { text: "", tag: "malformed-message", path: "", why: /expected "\/"/ },
    { text: "m:switch", tag: "malformed-message", path: "", why: /expected "\/"/ },
    { text: "/m:switch/", tag: "malformed-message", path: "", why: /node name at character 11/ },
    { text: "/m:switch[name='s'", tag: "malformed-message", path: "", why: /"\]".*the end/ },
    { text: "/m:switch[name=s]", tag: "malformed-message", path: "", why: /in quotes/ },
    { text: "/m:switch[name='s]", tag: "malformed-message", path: "", why: /in quotes/ },
    { text: "/m:switch[name='s']x", tag: "malformed-message", path: "", why: /found "x"/ },
    { text: `/m:${"x".repeat(70_000)}`, tag: "malformed-message", path: "", why: /longer than/ },
    { text: "/switch", tag: "unknown-element", path: "", why: /no top-level node named "switch"/ },
    { text: "/m:none", tag: "unknown-element", path: "", why: /"m:none"/ },
    { text: "/m:__proto__", tag: "unknown-element", path: "", why: /"m:__proto__"/ },
    {
      text: "/m:switch[name='s']/aug-only",
      tag: "unknown-element",
      path: "/m:switch[name='s']",
      why: /switch has no node named "aug-only"/,
    },
    {
      text: "/m:switch[name='s']/mode/x",
      tag: "unknown-element",
      path: "/m:switch[name='s']/mode",
      why: /mode is a leaf/,
    },
    { text: "/m:switch/ports", tag: "missing-element", path: "/m:switch", why: /by its name/ },
    {
      text: "/m:switch[name='s']/fdb/entry[vlan='1']",
      tag: "missing-element",
      path: "/m:switch[name='s']/fdb/entry",
      why: /key mac is missing/,
    },
    { text: "/m:switch[id='1']", tag: "bad-element", path: "/m:switch", why: /"id" is not a key/ },
    { text: "/m:switch[aug:name='s']", tag: "bad-element", path: "/m:switch", why: /not a key/ },
    { text: "/m:switch[name='a'][name='a']", tag: "bad-element", path: "/m:switch", why: /twice/ },
    { text: "/m:switch[1]", tag: "bad-element", path: "/m:switch", why: /chosen by its keys/ },
    { text: "/m:switch[.='s']", tag: "bad-element", path: "/m:switch", why: /chosen by its keys/ },
    {
      text: "/m:switch[name='s']/fdb[.='x']",
      tag: "bad-element",
      path: "/m:switch[name='s']/fdb",
      why: /does not fit the container/,
    },
    {
      text: "/m:switch[name='s/t']",
      tag: "invalid-value",
      path: "/m:switch/name",
      why: /"s\/t" does not match/,
    },
    {
      text: "/m:switch[name='s']/tag[.='-1']",
      tag: "invalid-value",
      path: "/m:switch[name='s']/tag",
      why: /-1 is not in range/,
    },
  ];

  for (const { text, tag, path, why } of refused) {
    it(`refuses ${text.slice(0, 60)} as ${tag}`, () => {
      assert.throws(
        () => parsePath(schema, text),
        (error: Error) => {
          assert.ok(error instanceof RequestError);
          const [violation] = error.violations;
          assert.deepEqual([violation?.tag, violation?.path], [tag, path]);
          assert.match(violation?.message ?? "", why);
          return true;
        },
      );
    });
  }

  const anyText = fc.array(
    fc.constantFrom(
      "/m:switch[name='s']",
      "/fdb",
      "/m:switch",
      "[",
      "]",
      "name",
      "=",
      "'s'",
      '"',
      "/",
      ".",
      "1",
      " ",
    ),
  );
  const outcome = (parse: (text: string) => InstancePath, text: string): unknown => {
    try {
      return parse(text);
    } catch (error) {
      assert.ok(error instanceof RequestError, String(error));
      return error.violations;
    }
  };

  it("reads any text or refuses it with a reason", () => {
    fc.assert(
      fc.property(anyText, (parts) => {
        outcome((text) => parsePath(schema, text), parts.join(""));
      }),
    );
  });

  it("reads one path after the other as each by itself", () => {
    const sound = arbitraryPath(schema.root).map(printPath);
    const unsound = anyText.map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(fc.oneof(sound, unsound)), (texts) => {
        const parser = new PathParser(schema);
        for (const text of texts.flatMap((one) => [one, `${one}/m:x`, one])) {
          const alone = outcome((given) => parsePath(schema, given), text);
          assert.deepEqual(
            outcome((given) => parser.parse(given), text),
            alone,
          );
        }
      }),
    );
  });
});
