import assert from "node:assert/strict";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import type { ErrorTag } from "../../../src/datamodel/error.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { fixtureSchema } from "./fixture.ts";

const schema = fixtureSchema("validate-rules");

interface Expected {
  readonly path: string;
  readonly tag: ErrorTag;
  readonly appTag?: string;
  readonly message: string;
}

const cases: readonly {
  readonly title: string;
  /** Added to a `net` that is valid. */
  readonly net: Record<string, unknown>;
  readonly expected: readonly Expected[];
}[] = [
  { title: "accepts a tree in which everything fits", net: {}, expected: [] },
  {
    title: "names a mandatory leaf that is missing",
    net: { entry: [{ vlan: 1, name: "a" }] },
    expected: [
      {
        path: "/net/entry[vlan='1'][name='a']/port",
        tag: "operation-failed",
        message: 'mandatory node "port" is missing',
      },
    ],
  },
  {
    title: "names the parent of a mandatory choice without a case",
    net: { chosen: {} },
    expected: [
      {
        path: "/net/chosen",
        tag: "data-missing",
        appTag: "missing-choice",
        message: 'no case of mandatory choice "way" is there',
      },
    ],
  },
  {
    title: "wants the mandatory leaf of a container that a chosen case brings with it",
    net: { chosen: { gate: 1 } },
    expected: [
      {
        path: "/net/chosen/extra/needed",
        tag: "operation-failed",
        message: 'mandatory node "needed" is missing',
      },
    ],
  },
  {
    title: "sees the default of a default case in a must",
    net: { chosen: { metric: 0, plain: 2 } },
    expected: [
      {
        path: "/net/chosen",
        tag: "operation-failed",
        appTag: "must-violation",
        message: 'must condition "not(plain = 2) or metric > 0" is not satisfied',
      },
    ],
  },
  {
    title: "gives the message and app-tag of a must",
    net: { limit: 0, port: [{ name: "a" }] },
    expected: [
      {
        path: "/net/port[name='a']/weight",
        tag: "operation-failed",
        appTag: "too-heavy",
        message: "a port weighs no more than the limit",
      },
    ],
  },
  {
    title: "counts too many entries",
    net: { "when-fast": { speed: 1, lane: [1, 2, 3] }, mode: "fast" },
    expected: [
      {
        path: "/net/when-fast/lane",
        tag: "operation-failed",
        appTag: "too-many-elements",
        message: "3 elements are more than the 2 allowed",
      },
    ],
  },
  {
    title: "counts too few entries, in a container only its condition brings",
    net: { mode: "fast" },
    expected: [
      {
        path: "/net/when-fast/speed",
        tag: "operation-failed",
        message: 'mandatory node "speed" is missing',
      },
      {
        path: "/net/when-fast/lane",
        tag: "operation-failed",
        appTag: "too-few-elements",
        message: "0 elements are fewer than the 1 needed",
      },
    ],
  },
  {
    title: "refuses a node whose condition is false",
    net: { service: { kind: "square", radius: 1 } },
    expected: [
      {
        path: "/net/service/radius",
        tag: "unknown-element",
        appTag: "when-violation",
        message:
          "may exist only when \"derived-from-or-self(../kind, 'validate-rules:round')\" is true",
      },
    ],
  },
  {
    title: "wants a mandatory node once its condition is true",
    net: { service: { kind: "ball" } },
    expected: [
      {
        path: "/net/service/radius",
        tag: "operation-failed",
        message: 'mandatory node "radius" is missing',
      },
    ],
  },
  {
    title: "names a leafref without target",
    net: { port: [{ name: "a" }], entry: [{ vlan: 1, name: "a", port: "b" }] },
    expected: [
      {
        path: "/net/entry[vlan='1'][name='a']/port",
        tag: "data-missing",
        appTag: "instance-required",
        message: '"b" refers to no instance in /validate-rules:net/port/name',
      },
    ],
  },
  {
    title: "follows an instance-identifier",
    net: {
      port: [{ name: "a" }],
      service: { kind: "square", at: "/validate-rules:net/port[name='a']/weight" },
    },
    expected: [],
  },
  {
    title: "names an instance-identifier of nothing",
    net: { service: { kind: "square", at: "/validate-rules:net/port[name='a']" } },
    expected: [
      {
        path: "/net/service/at",
        tag: "data-missing",
        appTag: "instance-required",
        message: "\"/validate-rules:net/port[name='a']\" refers to no instance in the tree",
      },
    ],
  },
  {
    title: "leaves a leafref alone that needs no instance",
    net: { port: [{ name: "a" }], entry: [{ vlan: 1, name: "a", port: "a", loose: "b" }] },
    expected: [],
  },
  {
    title: "takes a member of a union that is no leafref",
    net: { port: [{ name: "a" }], entry: [{ vlan: 1, name: "a", port: "a", mixed: 7 }] },
    expected: [],
  },
  {
    title: "follows the predicate of a leafref",
    net: {
      port: [
        { name: "a", weight: 1 },
        { name: "b", weight: 2 },
      ],
      entry: [{ vlan: 1, name: "a", port: "a", "by-weight": 2 }],
    },
    expected: [
      {
        path: "/net/entry[vlan='1'][name='a']/by-weight",
        tag: "data-missing",
        appTag: "instance-required",
        message: '"2" refers to no instance in /validate-rules:net/port/weight',
      },
    ],
  },
  {
    title: "names every entry that repeats a unique value",
    net: {
      port: [{ name: "a", address: 1 }, { name: "b", address: 1 }, { name: "c" }],
    },
    expected: [
      {
        path: "/net/port[name='a']",
        tag: "operation-failed",
        appTag: "data-not-unique",
        message: "\"address\" has to be unique, but is the same in entry name='b'",
      },
      {
        path: "/net/port[name='b']",
        tag: "operation-failed",
        appTag: "data-not-unique",
        message: "\"address\" has to be unique, but is the same in entry name='a'",
      },
    ],
  },
  {
    title: "counts a default towards a unique combination",
    net: {
      port: [
        { name: "a", pair: { left: 0, right: 1 } },
        { name: "b", pair: { right: 1 } },
        { name: "c", pair: { left: 2, right: 1 } },
      ],
    },
    expected: ["a", "b"].map((name, index) => ({
      path: `/net/port[name='${name}']`,
      tag: "operation-failed",
      appTag: "data-not-unique",
      message: `"pair/left pair/right" has to be unique, but is the same in entry name='${["b", "a"][index]}'`,
    })),
  },
];

describe("the validator", () => {
  const validator = createValidator(schema);

  for (const { title, net, expected } of cases) {
    it(title, () => {
      const chosen = { gate: 1, extra: { needed: 1 } };
      const root = decodeJson(schema.root, { "validate-rules:net": { chosen, ...net } });

      const { violations, total, discard } = validator.validateAll(root);
      discard();

      const told = violations.map((one) => ({
        ...one,
        path: one.path.replace("validate-rules:", ""),
      }));
      assert.deepEqual(told, expected);
      assert.equal(total, expected.length);
    });
  }
});
