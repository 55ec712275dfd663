import assert from "node:assert/strict";
import fc from "fast-check";
import { readingJsonAt } from "../../../src/datamodel/codec/decode.ts";
import type { JsonObject } from "../../../src/datamodel/codec/encode.ts";
import type { Violation } from "../../../src/datamodel/error.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import { type DataObject, emptyObject } from "../../../src/datamodel/tree/node.ts";
import { knownPlace, parsePath } from "../../../src/datamodel/tree/path.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { atOnce } from "../../../src/lib/slices.ts";
import { limit, runs } from "../../support/fuzz-runs.ts";
import { arbitraryData } from "../../support/random-data.ts";
import { treeOf } from "../../support/tree.ts";
import { fixtureSchema } from "./fixture.ts";

const schema = fixtureSchema("validate-rules");
const validator = createValidator(schema);
const net = parsePath(schema, "/validate-rules:net");
const valid = {
  mode: "fast",
  chosen: { gate: 1, extra: { needed: 1 } },
  port: [{ name: "a", address: 1 }, { name: "b" }],
  entry: [{ vlan: 1, name: "a", port: "a" }],
  "when-fast": { speed: 1, lane: [1] },
};

interface Told {
  readonly reading: readonly Violation[];
  readonly judging: readonly Violation[];
}

/** What is wrong with `net` once this is merged into it. */
function told(older: DataObject, json: unknown): Told {
  const { value, violations, places } = atOnce(readingJsonAt(net, json));
  const newer =
    value === undefined
      ? older
      : applyEdits(older, [{ path: net, operation: "merge", value: value as DataObject }]);
  const unread = places.map((place) => knownPlace(schema, place));
  const validation = atOnce(validator.validation(older, newer, unread));
  validation.discard();
  return { reading: violations, judging: validation.violations };
}

describe("what is wrong beside what could not be read", () => {
  const started = treeOf(schema, { "validate-rules:net": valid });

  const cases: { title: string; change: JsonObject; reading: string[]; judging: string[] }[] = [
    {
      title: "is told, of other nodes",
      change: { limit: 9, entry: [{ vlan: 1, name: "b", port: "c" }] },
      reading: ["/limit"],
      judging: ["/entry[vlan='1'][name='b']/port"],
    },
    {
      title: "is told, of an entry beside one whose key is wrong",
      change: {
        entry: [
          { vlan: 9, name: "c", port: "a" },
          { vlan: 1, name: "b", port: "c" },
        ],
      },
      reading: ["/entry[1]/vlan"],
      judging: ["/entry[vlan='1'][name='b']/port"],
    },
    {
      title: "is not told, where a reference may go to an entry with a wrong key",
      change: { port: [{ name: "x" }], entry: [{ vlan: 1, name: "b", port: "c" }] },
      reading: ["/port[1]/name"],
      judging: [],
    },
    {
      title: "is not told of a mandatory node that was given",
      change: { entry: [{ vlan: 1, name: "b", port: 7 }] },
      reading: ["/entry[vlan='1'][name='b']/port"],
      judging: [],
    },
    {
      title: "is not told of a must that reads it",
      change: { limit: "x", port: [{ name: "a", weight: 3 }] },
      reading: ["/limit"],
      judging: [],
    },
    {
      title: "is told of a must that reads another instance",
      change: {
        port: [
          { name: "a", weight: 9 },
          { name: "b", burst: 3, weight: 2 },
        ],
      },
      reading: ["/port[name='a']/weight"],
      judging: ["/port[name='b']"],
    },
    {
      title: "is not told of values that may be unique",
      change: {
        port: [
          { name: "a", address: "x" },
          { name: "b", address: 1 },
        ],
      },
      reading: ["/port[name='a']/address"],
      judging: [],
    },
    {
      title: "is not told of anything in a container of another kind",
      change: { service: 5, entry: [{ vlan: 1, name: "b", port: "c" }] },
      reading: ["/service"],
      judging: ["/entry[vlan='1'][name='b']/port"],
    },
  ];

  for (const { title, change, reading, judging } of cases) {
    it(title, () => {
      const found = told(started, change);

      const paths = (violations: readonly Violation[]) =>
        violations.map(({ path }) => path.replace("/validate-rules:net", ""));
      assert.deepEqual([paths(found.reading), paths(found.judging)], [reading, judging]);
    });
  }

  it("is wrong whatever it should have been", () => {
    const seen = { told: 0, silent: 0 };
    const data = arbitraryData(schema, { conditional: true, entriesMax: 4 });
    const olders = fc.constantFrom(started, emptyObject(schema.root));
    fc.assert(
      fc.property(
        data,
        fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
        olders,
        (json, picks, older) => {
          const whole = json["validate-rules:net"] ?? {};
          const spoilt = structuredClone(whole) as JsonObject;
          for (const pick of picks) spoil(spoilt, pick);

          const found = told(older, spoilt).judging.map(faultOf);

          const expected = new Set(told(older, whole).judging.map(faultOf));
          for (const fault of found) assert(expected.has(fault), `${fault} of ${[...expected]}`);
          seen[found.length > 0 ? "told" : "silent"] += 1;
        },
      ),
      { numRuns: runs(500) },
    );
    assert(seen.told > 20 && seen.silent > 20, JSON.stringify(seen));
  }).timeout(limit(60_000));
});

/** Of entries that are not unique any may be named. */
function faultOf({ path, tag, appTag }: Violation): string {
  return appTag === "data-not-unique" ? appTag : `${path} ${tag} ${appTag}`;
}

/** Puts a value that fits no node in the place of some member, at any depth. */
function spoil(json: JsonObject, pick: number): void {
  const places: (readonly [object: JsonObject, member: string])[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === "object" && value !== null) {
      for (const [member, inner] of Object.entries(value)) {
        // An entry whose key is lost may have been one that is there: then more is told.
        if (member !== "name" && member !== "vlan") places.push([value as JsonObject, member]);
        visit(inner);
      }
    }
  };
  visit(json);
  const [object, member] = places[pick % Math.max(places.length, 1)] ?? [];
  if (object && member !== undefined) object[member] = true;
}
