import assert from "node:assert/strict";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { Cursor } from "../../../src/datamodel/xpath/cursor.ts";
import { XpathEngine } from "../../../src/datamodel/xpath/engine.ts";
import { XpathError } from "../../../src/datamodel/xpath/xpath-error.ts";
import { choice, container, leaf, leafList, list, module, number, text, xpath } from "./model.ts";

const color = {
  base: "enumeration",
  enums: [
    { name: "red", value: 3 },
    { name: "blue", value: 8 },
  ],
} as const;
const flags = {
  base: "bits",
  bits: [
    { name: "up", position: 0 },
    { name: "down", position: 1 },
  ],
} as const;

const schema = linkSchema([
  module(
    [
      container("top", [
        list("item", [
          leaf("name"),
          leaf("size", number, { default: "7" }),
          leaf("color", color),
          leaf("flags", flags),
          leaf("kind", { base: "identityref", bases: ["m:shape"] }),
          leaf("price", { base: "decimal64", fractionDigits: 2 }),
          leafList("tag"),
          leaf("other", {
            base: "leafref",
            path: xpath("../../item/name"),
            requireInstance: true,
            target: "/m:top/item/name",
            type: text,
          }),
          leaf("where", { base: "instance-identifier", requireInstance: true }),
          leaf("age", number, { config: false }),
        ]),
        list("pair", [leaf("a"), leaf("b", number), leaf("v")], { keys: ["a", "b"] }),
        container("empty", [leaf("inside", text, { default: "in" })]),
        container("present", [], { presence: "there" }),
        choice(
          "way",
          {
            one: [leaf("x"), leaf("x2", text, { default: "ex" })],
            two: [leaf("y", text, { default: "why" })],
          },
          { default: "two" },
        ),
        leaf("mode"),
        leaf("on-fast", number, {
          default: "9",
          when: [{ ...xpath("../mode = 'fast'"), context: "self" }],
        }),
      ]),
    ],
    {
      identities: [
        { name: "m:shape", bases: [] },
        { name: "m:round", bases: ["m:shape"] },
        { name: "m:ball", bases: ["m:round"] },
      ],
    },
  ),
]);

const data = {
  "m:top": {
    item: [
      {
        name: "a",
        color: "red",
        flags: "up",
        kind: "m:ball",
        price: "1.5",
        tag: ["t1", "t2"],
        other: "b",
        where: "/m:top/item[name='c']/size",
      },
      { name: "b", size: 20 },
      { name: "c", size: 30 },
    ],
    pair: [
      { a: "x", b: 1, v: "x1" },
      { a: "x", b: 2, v: "x2" },
      { a: "y", b: 1, v: "y1" },
    ],
    mode: "slow",
  },
};

const engine = new XpathEngine(schema);
const root = new Cursor(undefined, schema.root, decodeJson(schema.root, data));

function contextNode(path = "/"): Cursor {
  const [node] = engine.program(xpath(path)).nodes(root);
  assert(node, `${path} exists`);
  return node;
}

describe("an XPath expression", () => {
  const top = "/top";
  const itemA = "/top/item[name='a']";
  const strings: readonly (readonly [expression: string, expected: string, context?: string])[] = [
    ["'it''", "", ""],
    ["string(/top/item[2]/name)", "b"],
    ["string(item[last()]/name)", "c", top],
    ["string(item[size > 20]/name)", "c", top],
    ["string(item[name = 'a']/size)", "7", top],
    ["string(pair[a = 'x'][b = 2]/v)", "x2", top],
    ["string(pair[b = 1 and a = 'y']/v)", "y1", top],
    ["string(pair[b = '1' and 'y' = a]/v)", "y1", top],
    ["string(../item[name = current()/other]/size)", "20", itemA],
    ["string(deref(other)/../size)", "20", itemA],
    ["string(deref(where))", "30", itemA],
    ["string(tag[2])", "t2", itemA],
    ["string(following-sibling::item[1]/name)", "b", itemA],
    ["string(preceding-sibling::item[1]/name)", "b", "/top/item[name='c']"],
    ["string(ancestor::top/item[1]/name)", "a", itemA],
    ["string((/top/item[3]/name | /top/item[1]/name)[1])", "a"],
    ["string(//v)", "x1"],
    ["string(/top/*/v)", "x1"],
    ["string(empty/inside)", "in", top],
    ["string(y)", "why", top],
    ["string(x2)", "", top],
    ["string(on-fast)", "", top],
    ["string(price)", "1.5", itemA],
    ["local-name(.)", "item", itemA],
    ["name(.)", "m:item", itemA],
    ["namespace-uri(.)", "urn:m", itemA],
    ["concat('a', 1, true())", "a1true"],
    ["substring('12345', 2, 3)", "234"],
    ["substring('12345', 1.5, 2.6)", "234"],
    ["substring('12345', 0 div 0, 3)", ""],
    ["substring('12345', -42, 1 div 0)", "12345"],
    ["substring-before('1999/04', '/')", "1999"],
    ["substring-after('1999/04', '/')", "04"],
    ["normalize-space('  a  b ')", "a b"],
    ["translate('--aaa--', 'abc-', 'ABC')", "AAA"],
    ["string(1 div 3 > 0.3)", "true"],
    ["string(0.00000001)", "0.00000001"],
    ["string(-0)", "0"],
    ["string(1 div 0)", "Infinity"],
    ["string(5 mod -2)", "1"],
    ["string(7 div 2 * 2 - 1)", "6"],
    ["string(- - 3)", "3"],
    ["string(3*-1)", "-3"],
  ];

  for (const [expression, expected, context] of strings.slice(1)) {
    it(`gives "${expected}" for ${expression}`, () => {
      assert.equal(engine.program(xpath(expression)).string(contextNode(context)), expected);
    });
  }

  const truths: readonly (readonly [expression: string, expected: boolean, context?: string])[] = [
    ["tag = 't2'", true, itemA],
    ["tag != 't2'", true, itemA],
    ["not(tag = 't3')", true, itemA],
    ["missing = 'a'", false, itemA],
    ["missing != 'a'", false, itemA],
    ["/top/item/size > /top/item[3]/size", false],
    ["/top/item/size < /top/item[3]/size", true],
    ["/top/item/name = /top/item/other", true],
    ["/top/item[1]/name != /top/item[1]/name", false],
    ["price = '1.50'", true, itemA],
    ["price = 1.5", true, itemA],
    ["kind = 'm:ball'", true, itemA],
    ["kind = 'ball'", true, itemA],
    ["derived-from(kind, 'm:shape')", true, itemA],
    ["derived-from(kind, 'round')", true, itemA],
    ["derived-from(kind, 'm:ball')", false, itemA],
    ["derived-from-or-self(kind, 'm:ball')", true, itemA],
    ["enum-value(color) = 3", true, itemA],
    ["enum-value(missing) = 3", false, itemA],
    ["bit-is-set(flags, 'up')", true, itemA],
    ["bit-is-set(flags, 'down')", false, itemA],
    ["re-match('1.22.333', '\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}')", true],
    ["re-match('x1', '\\d')", false],
    ["count(item) = 3 and boolean(empty) and not(present)", true, top],
    ["sum(item/size) = 57", true, top],
    ["age", false, itemA],
    ["@x", false, itemA],
    ["'' or 0 or false()", false],
    ["'false' and 1", true],
    ["starts-with('abc', 'ab') and contains('abc', 'bc')", true],
    ["round(2.5) = 3 and floor(-1.5) = -2 and ceiling(1.2) = 2", true],
    ["string-length('añ😀') = 3", true],
    ["true() = /top/item", true],
    ["div = 1 or mod", false],
    ["item[0]", false, top],
    ["item[name='a' and position()=1]", true, top],
    ["item[2][name='b']", true, top],
    ["item[2][name='a']", false, top],
    ["text() = 'a'", true, `${itemA}/name`],
  ];

  for (const [expression, expected, context] of truths) {
    it(`is ${expected} for ${expression}`, () => {
      assert.equal(engine.program(xpath(expression)).boolean(contextNode(context)), expected);
    });
  }

  const refused: readonly (readonly [expression: string, reason: RegExp])[] = [
    ["", /ends too early/],
    ["a b", /unexpected "b"/],
    ["a[", /ends too early/],
    ["a]", /unexpected/],
    ["'a", /unexpected/],
    ["$a", /variables are not available/],
    ["nothing()", /no function is called "nothing"/],
    ["toString()", /no function is called/],
    ["count(1)", /has to be a node-set/],
    ["concat('a')", /does not take 1 arguments/],
    ["sideways::a", /no axis is called "sideways"/],
    ["1 | a", /only node-sets/],
    [`${"(".repeat(200)}1${")".repeat(200)}`, /nested deeper/],
  ];

  for (const [expression, reason] of refused) {
    it(`is refused for "${expression.slice(0, 20)}"`, () => {
      assert.throws(
        () => engine.program(xpath(expression)),
        (error) => error instanceof XpathError && reason.test(error.message),
      );
    });
  }

  it("ends with an error when it looks at too many nodes", () => {
    const nested = `//*${"[//*".repeat(8)}${"]".repeat(8)}`;

    assert.throws(() => engine.program(xpath(nested)).boolean(root), /looks at more than/);
  });
});
