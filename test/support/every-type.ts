import { linkSchema, type Schema } from "../../src/datamodel/schema/schema.ts";
import { anydata, choice, container, irModule, leaf, leafList, list } from "./ir.ts";

const name = {
  base: "string",
  length: { intervals: [{ min: "1", max: "12" }] },
  patterns: [{ expression: "[a-z_][a-z0-9_\\-]*" }],
} as const;

const colour = {
  base: "enumeration",
  enums: [
    { name: "red", value: 0 },
    { name: "blue", value: 1 },
  ],
} as const;

const bits = {
  base: "bits",
  bits: [
    { name: "up", position: 1 },
    { name: "lit", position: 0 },
  ],
} as const;

const portRef = {
  base: "leafref",
  path: { expression: "../../ports/name", module: "m" },
  requireInstance: true,
  target: "/m:switch/ports/name",
  type: name,
} as const;

/**
 * A schema with every built-in type and every kind of node, names that JavaScript treats specially,
 * and a second module that augments the first with names the first has too.
 */
export function everyTypeSchema(): Schema {
  const ports = list("ports", "name", [
    leaf("name", name),
    leaf("mtu", { base: "uint16", range: { intervals: [{ min: "68", max: "9000" }] } }),
    leaf("index", "uint32", { config: false }),
    leaf("uuid", "string", {
      config: false,
      extensions: [{ name: "yangplane-extensions:assigned" }],
    }),
    leaf("name", "string", { module: "aug" }),
  ]);
  const entries = list("entry", "vlan mac", [
    leaf("vlan", "uint16"),
    leaf("mac", { base: "string", typedef: "ietf-yang-types:mac-address" }),
    leaf("port", portRef, { mandatory: true }),
  ]);
  const filter = choice("filter", {
    accept: [leaf("accept", "empty")],
    match: [
      container("match", [leaf("ratio", { base: "decimal64", fractionDigits: 3 })]),
      choice("how", { fast: [leaf("fast", "boolean")], slow: [leaf("slow", "int64")] }),
    ],
  });
  const main = irModule(
    "m",
    [
      list("switch", "name", [
        leaf("name", name),
        ports,
        container("fdb", [leaf("aging-time", "uint32", { default: "300" }), entries]),
        filter,
        container("extra", [leaf("kind", { base: "identityref", bases: ["m:kind"] })], {
          presence: "extra is on",
        }),
        list("rule", "id", [leaf("id", "int8"), leaf("colour", colour)], { userOrdered: true }),
        leafList("tag", "uint64"),
        leafList("order", "string", { userOrdered: true }),
        leaf("mode", { base: "union", types: [{ base: "uint8" }, colour, { base: "empty" }] }),
        leaf("flags", bits),
        leaf("blob", "binary"),
        leaf("aug-only", "boolean", { module: "aug" }),
        anydata("notes"),
        list("event", "", [leaf("text", "string")], { config: false }),
      ]),
      container("constructor", [leaf("__proto__", "string"), leaf("toString", "string")]),
    ],
    {
      identities: [
        { name: "m:kind", bases: [] },
        { name: "m:good", bases: ["m:kind"] },
      ],
    },
  );
  return linkSchema([main, irModule("aug", [])]);
}
