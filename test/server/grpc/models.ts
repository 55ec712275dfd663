import type { IrLeaf, IrList, IrModule, IrNode, IrType } from "../../../src/datamodel/schema/ir.ts";

/** Small hand-written IR for tests of the API made from it. */

const text: IrType = { base: "string" };

export function leaf(name: string, type: IrType = text, more: Partial<IrLeaf> = {}): IrLeaf {
  const module = more.module ?? "bridge";
  return { kind: "leaf", name, module, config: true, mandatory: false, type, ...more };
}

export function list(name: string, keys: readonly string[], children: readonly IrNode[]): IrList {
  return { kind: "list", name, module: "bridge", config: true, keys, userOrdered: false, children };
}

export function irModule(name: string, data: readonly IrNode[]): IrModule {
  return {
    name,
    namespace: `urn:test:${name}`,
    prefix: name,
    features: [],
    identities: [],
    data,
    rpcs: [],
    notifications: [],
  };
}

const vlan: IrType = { base: "uint16", range: { intervals: [{ min: "1", max: "4094" }] } };

/** The example of ARCHITECTURE §5, with a member of every type. */
export const bridge: IrModule = irModule("bridge", [
  {
    ...list(
      "bridge",
      ["name"],
      [
        leaf("uuid", text, {
          config: false,
          extensions: [{ name: "yangplane-extensions:assigned" }],
        }),
        leaf("name"),
        leaf("service-name", { base: "string" }, { config: false }),
        leaf(
          "type",
          {
            base: "enumeration",
            enums: [
              { name: "TC", value: 0 },
              { name: "XDP_DRV", value: 1 },
            ],
          },
          { default: "TC" },
        ),
        list(
          "ports",
          ["name"],
          [
            leaf("name"),
            leaf(
              "mode",
              {
                base: "enumeration",
                enums: [
                  { name: "access", value: 0 },
                  { name: "trunk", value: 1 },
                ],
              },
              { default: "access" },
            ),
            leaf("mtu", { base: "uint16" }, { default: "1500" }),
            list("stp", ["vlan"], [leaf("vlan", vlan), leaf("path-cost", { base: "uint32" })]),
            leaf("rx-packets", { base: "uint64" }, { config: false }),
          ],
        ),
        {
          kind: "container",
          name: "fdb",
          module: "bridge",
          config: true,
          children: [
            leaf("aging-time", { base: "uint32" }, { default: "300" }),
            list(
              "entry",
              ["vlan", "mac"],
              [
                leaf("vlan", vlan),
                leaf("mac"),
                leaf("port"),
                leaf("age", { base: "uint32" }, { config: false }),
              ],
            ),
          ],
          actions: [
            {
              kind: "operation",
              name: "flush",
              module: "bridge",
              input: { children: [leaf("vlan", vlan)] },
              output: { children: [leaf("flushed", { base: "uint32" })] },
            },
          ],
        },
        {
          kind: "container",
          name: "limits",
          module: "bridge",
          config: true,
          presence: "limits the rate",
          children: [
            leaf("rate", { base: "decimal64", fractionDigits: 2 }),
            leaf("burst", { base: "int64" }),
            leaf("strict", { base: "empty" }),
            leaf("flags", {
              base: "bits",
              bits: [
                { name: "in", position: 0 },
                { name: "out", position: 1 },
              ],
            }),
            leaf("cookie", { base: "binary" }),
            leaf("bound", {
              base: "union",
              types: [
                { base: "uint32" },
                { base: "enumeration", enums: [{ name: "unbounded", value: 0 }] },
              ],
            }),
            {
              kind: "leaf-list",
              name: "tag",
              module: "bridge",
              config: true,
              userOrdered: true,
              type: text,
            },
          ],
        },
      ],
    ),
  },
]);

/** A second module, for those that come later. */
export const nat: IrModule = irModule("nat", [
  {
    kind: "list",
    name: "nat",
    module: "nat",
    config: true,
    keys: ["name"],
    userOrdered: false,
    children: [leaf("name", text, { module: "nat" })],
  },
]);
