import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type DecodeOptions,
  decodeJson,
  decodeJsonAt,
} from "../../../src/datamodel/codec/decode.ts";
import { encodeJson } from "../../../src/datamodel/codec/encode.ts";
import { RequestError, type Violation } from "../../../src/datamodel/error.ts";
import type { YangList } from "../../../src/datamodel/tree/list.ts";
import type { DataObject } from "../../../src/datamodel/tree/node.ts";
import { parsePath } from "../../../src/datamodel/tree/path.ts";
import { everyTypeSchema } from "../../support/every-type.ts";
import { arbitraryData } from "../../support/random-data.ts";
import { arbitraryMutant } from "../../support/random-mutant.ts";

const schema = everyTypeSchema();

function decode(json: unknown, options?: DecodeOptions): DataObject {
  return decodeJson(schema.root, json, options);
}

function violationsOf(read: () => unknown): readonly Violation[] {
  try {
    read();
  } catch (error) {
    if (error instanceof RequestError) return error.violations;
    throw error;
  }
  return [];
}

function brief(violations: readonly Violation[]): string[] {
  return violations.map(({ tag, path, message }) => `${tag} ${path}: ${message}`);
}

const full = {
  "m:switch": [
    {
      name: "s0",
      ports: [{ name: "p1", mtu: 1500, "aug:name": "P1" }],
      fdb: { entry: [{ vlan: 1, mac: "0a:00:00:00:00:01", port: "p1" }] },
      match: { ratio: "0.5" },
      slow: "-9",
      extra: { kind: "m:good" },
      rule: [{ id: 3, colour: "red" }, { id: -1 }],
      tag: ["18446744073709551615"],
      order: ["z", "a"],
      mode: [null],
      flags: "lit up",
      blob: "QUJD",
      "aug:aug-only": true,
      notes: { any: [{ thing: null }] },
    },
  ],
};

describe("the JSON codec", () => {
  it("writes what it reads, in schema order", () => {
    assert.equal(JSON.stringify(encodeJson(schema.root, decode(full))), JSON.stringify(full));
  });

  it("reads back what it writes, for any data", () => {
    fc.assert(
      fc.property(arbitraryData(schema, { state: true }), (json) => {
        const once = encodeJson(schema.root, decode(json, { state: "all" }));
        const twice = encodeJson(schema.root, decode(once, { state: "all" }));
        assert.deepEqual(twice, once);
      }),
    );
  });

  it("either reads a mutant so or refuses it with violations, whatever was changed", () => {
    const mutants = arbitraryData(schema).chain((json) => arbitraryMutant(schema, json));
    fc.assert(
      fc.property(mutants, ({ json }) => {
        const violations = violationsOf(() => {
          const once = encodeJson(schema.root, decode(json));
          assert.deepEqual(encodeJson(schema.root, decode(once)), once);
        });
        for (const { path, message } of violations) {
          assert.match(path, /^(\/|$)/);
          assert.match(message, /^[^A-Z].*[^.]$/s);
        }
      }),
    );
  });

  it("refuses any JSON that is not data of the schema, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const isEmpty = JSON.stringify(json) === "{}";
        assert.equal(violationsOf(() => decode(json)).length === 0, isEmpty);
      }),
    );
  });
});

describe("decodeJson", () => {
  const wrong: readonly { name: string; json: unknown; violations: readonly string[] }[] = [
    { name: "no object", json: [], violations: ["invalid-value : an array is not an object"] },
    { name: "null", json: null, violations: ["invalid-value : null is not an object"] },
    {
      name: "a top-level name without its module",
      json: { switch: [] },
      violations: ['unknown-element : there is no node "switch", perhaps "m:switch"'],
    },
    {
      name: "names that every JavaScript object has",
      json: JSON.parse('{"__proto__": {}, "hasOwnProperty": 1}'),
      violations: [
        'unknown-element : there is no node "__proto__"',
        'unknown-element : there is no node "hasOwnProperty"',
      ],
    },
    {
      name: "an augmented name without its module",
      json: { "m:switch": [{ name: "s", "aug-only": true }] },
      violations: [
        `unknown-element /m:switch[name='s']: there is no node "aug-only", perhaps "aug:aug-only"`,
      ],
    },
    {
      name: "several faults at once, each at its place",
      json: {
        "m:switch": [
          { rule: [{ id: 300 }, { colour: "red" }], name: "s", ports: {}, flags: 3, blob: "?" },
        ],
        "m:none": 1,
      },
      violations: [
        "invalid-value /m:switch[name='s']/rule[1]/id: 300 is not in range -128..127",
        "missing-element /m:switch[name='s']/rule[2]: key id is missing",
        "invalid-value /m:switch[name='s']/ports: an object is not an array, which a list is",
        "invalid-value /m:switch[name='s']/flags: 3 is not a string",
        `invalid-value /m:switch[name='s']/blob: "?" is not base64`,
        'unknown-element : there is no node "m:none"',
      ],
    },
    {
      name: "an entry twice, its keys spelled in two ways",
      json: {
        "m:switch": [
          {
            name: "s",
            fdb: {
              entry: [
                { vlan: 1, mac: "AA:00:00:00:00:01", port: "p" },
                { mac: "aa:00:00:00:00:01", vlan: 1, port: "q" },
              ],
            },
          },
        ],
      },
      violations: [
        "bad-element /m:switch[name='s']/fdb/entry[vlan='1'][mac='aa:00:00:00:00:01']: is given twice",
      ],
    },
    {
      name: "a value of a leaf-list twice",
      json: { "m:switch": [{ name: "s", tag: ["1", "0x1"] }] },
      violations: [`bad-element /m:switch[name='s']/tag: "1" is given twice`],
    },
    {
      name: "a list entry that is no object",
      json: { "m:switch": ["s"] },
      violations: [`invalid-value /m:switch[1]: "s" is not an object`],
    },
    {
      name: "a node with and without its module",
      json: { "m:switch": [{ name: "s", "m:blob": "", blob: "" }] },
      violations: ["bad-element /m:switch[name='s']/blob: is given with and without its module"],
    },
    {
      name: "nodes of two cases",
      json: { "m:switch": [{ name: "s", slow: "1", accept: [null], fast: true }] },
      violations: [
        "bad-element /m:switch[name='s']/fast: cannot stand beside accept: they are two cases of one choice",
        "bad-element /m:switch[name='s']/slow: cannot stand beside accept: they are two cases of one choice",
      ],
    },
    {
      name: "nodes of two cases of an inner choice",
      json: { "m:switch": [{ name: "s", match: { ratio: "1.0" }, slow: "1", fast: true }] },
      violations: [
        "bad-element /m:switch[name='s']/slow: cannot stand beside fast: they are two cases of one choice",
      ],
    },
    {
      name: "state where configuration is written",
      json: { "m:switch": [{ name: "s", ports: [{ name: "p", index: 1, uuid: "u" }] }] },
      violations: [
        "bad-element /m:switch[name='s']/ports[name='p']/index: is state and cannot be configured",
        "bad-element /m:switch[name='s']/ports[name='p']/uuid: is state and cannot be configured",
      ],
    },
    {
      name: "anydata that is no object",
      json: { "m:switch": [{ name: "s", notes: [1] }] },
      violations: ["invalid-value /m:switch[name='s']/notes: an array is not an object"],
    },
  ];

  for (const { name, json, violations } of wrong) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(brief(violationsOf(() => decode(json))), violations);
    });
  }

  const deep = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

  it("refuses JSON of any depth where the schema is shallow", () => {
    const json = { "m:switch": [{ name: "s", blob: deep(100_000), fdb: deep(1000) }] };

    assert.deepEqual(brief(violationsOf(() => decode(json))), [
      "invalid-value /m:switch[name='s']/blob: an array is not a base64 string",
      "invalid-value /m:switch[name='s']/fdb: an array is not an object",
    ]);
  });

  it("takes anydata of 100 levels and refuses more", () => {
    const json = (levels: number) => ({
      "m:switch": [{ name: "s", notes: { deep: deep(levels) } }],
    });

    assert.deepEqual(encodeJson(schema.root, decode(json(99))), json(99));
    assert.deepEqual(brief(violationsOf(() => decode(json(100)))), [
      "too-big /m:switch[name='s']/notes: is nested more than 100 levels deep",
    ]);
    assert.equal(violationsOf(() => decode(json(100_000))).length, 1);
  });

  it("stops at 10,000 violations", () => {
    const bad = Array.from({ length: 20_000 }, () => ({}));

    assert.equal(violationsOf(() => decode({ "m:switch": bad })).length, 10_000);
  });

  it("takes assigned state from the journal and all state from the system", () => {
    const port = { name: "p", index: 1, uuid: "u" };
    const json = (ports: unknown) => ({ "m:switch": [{ name: "s", ports: [ports] }] });
    const { index: _, ...assigned } = port;

    assert.deepEqual(
      encodeJson(schema.root, decode(json(assigned), { state: "assigned" })),
      json(assigned),
    );
    assert.equal(violationsOf(() => decode(json(port), { state: "assigned" })).length, 1);
    assert.deepEqual(encodeJson(schema.root, decode(json(port), { state: "all" })), json(port));
  });

  it("leaves out what says nothing and keeps presence containers", () => {
    const json = { "m:switch": [{ name: "s", ports: [], tag: [], fdb: {}, extra: {} }] };

    const [entry] = decode(json)["switch"] as YangList<DataObject>;

    assert.deepEqual(Object.keys(entry ?? {}), ["name", "extra"]);
  });

  it("keeps user order and sorts other lists by key", () => {
    const entry = (vlan: number) => ({ vlan, mac: "aa:00:00:00:00:00", port: "p" });
    const rule = [{ id: 5 }, { id: -3 }, { id: 1 }];
    const given = { name: "s", fdb: { entry: [entry(10), entry(9)] }, rule };

    const [written] = encodeJson(schema.root, decode({ "m:switch": [given] }))["m:switch"] as [
      typeof given,
    ];

    assert.deepEqual(written.rule, rule);
    assert.deepEqual(written.fdb.entry, [entry(9), entry(10)]);
  });

  it("holds nodes named as parts of every JavaScript object", () => {
    const json = JSON.parse('{"m:constructor": {"__proto__": "a", "toString": "b"}}');

    const written = encodeJson(schema.root, decode(json));

    assert.equal(JSON.stringify(written), JSON.stringify(json));
  });

  it("numbers the entries of a list without keys", () => {
    const event = [{ text: "same" }, { text: "same" }];
    const json = { "m:switch": [{ name: "s", event }] };

    assert.deepEqual(encodeJson(schema.root, decode(json, { state: "all" })), json);
  });
});

describe("encodeJson", () => {
  it("adds the defaults when asked", () => {
    const root = decode({ "m:switch": [{ name: "s" }] });

    assert.deepEqual(encodeJson(schema.root, root), { "m:switch": [{ name: "s" }] });
    assert.deepEqual(encodeJson(schema.root, root, { withDefaults: true }), {
      "m:switch": [{ name: "s", fdb: { "aging-time": 300 } }],
    });
  });

  it("writes a list as a whole, an entry, a leaf-list and a leaf by their schema", () => {
    const [list, tag, name] = [
      "/m:switch",
      "/m:switch[name='s0']/tag",
      "/m:switch[name='s0']/name",
    ].map((path) => parsePath(schema, path).at(-1)?.schema);
    assert.ok(list && tag && name);
    const entries = decode(full)["switch"] as YangList<DataObject>;

    assert.deepEqual(encodeJson(list, entries), full["m:switch"]);
    assert.deepEqual(encodeJson(list, [...entries]), full["m:switch"]);
    assert.deepEqual(encodeJson(list, entries.get("s0") ?? {}), full["m:switch"][0]);
    assert.deepEqual(encodeJson(tag, [5n]), ["5"]);
    assert.deepEqual(encodeJson(tag, 5n), "5");
    assert.deepEqual(encodeJson(name, "s0"), "s0");
  });
});

describe("decodeJsonAt", () => {
  const at = (path: string, json: unknown) => decodeJsonAt(parsePath(schema, path), json);

  it("reads the value of a leaf", () => {
    assert.equal(at("/m:switch[name='s']/mode", "blue"), "blue");
  });

  it("reads a leaf-list as an array, one of its entries from the path", () => {
    assert.deepEqual(at("/m:switch[name='s']/tag", ["2", "1"]), [2n, 1n]);
    assert.equal(at("/m:switch[name='s']/tag[.='7']", undefined), 7n);
  });

  it("reads a list as an array of entries", () => {
    const entries = at("/m:switch", [{ name: "b" }, { name: "a" }]) as readonly DataObject[];

    assert.deepEqual(
      entries.map(({ name }) => name),
      ["a", "b"],
    );
  });

  it("reads an entry without its keys, which the path has", () => {
    const entry = at("/m:switch[name='s']/ports[name='p']", { mtu: 100 }) as DataObject;

    assert.deepEqual(Object.entries(entry), [["mtu", 100]]);
  });

  it("names the whole path of what is wrong", () => {
    const cases = [
      { path: "/m:switch[name='s']/mode", json: "pink", wrong: "/m:switch[name='s']/mode" },
      { path: "/m:switch[name='s']/fdb", json: { x: 1 }, wrong: "/m:switch[name='s']/fdb" },
      { path: "/m:switch[name='s']/rule", json: [{}], wrong: "/m:switch[name='s']/rule[1]" },
      { path: "/m:switch[name='s']", json: { tag: ["x"] }, wrong: "/m:switch[name='s']/tag" },
      { path: "/m:switch[name='s']", json: [], wrong: "/m:switch[name='s']" },
    ];
    for (const { path, json, wrong } of cases) {
      assert.deepEqual(
        violationsOf(() => at(path, json)).map((violation) => violation.path),
        [wrong],
      );
    }
  });
});
