import type { IrEnum, IrExtension, IrType } from "../../src/datamodel/schema/ir.ts";
import type { ModelDescriptor } from "../../src/datamodel/schema/model.ts";
import type { YangList } from "../../src/datamodel/tree/list.ts";
import type { ObjectLayout } from "../../src/dataplane/layout.ts";
import { cubeWiring, hop, portCounters } from "../../src/gen/bpf/core.ts";
import { nothing, struct, u32, u64 } from "../../src/lib/codec.ts";
import { container, irModule, leaf, list, notification, operation } from "./ir.ts";

/** What a patch panel is configured by; the service is in patch-panel.ts. */
export interface Patch {
  readonly name: string;
  readonly uuid: string;
  readonly rooms: number;
  readonly ports: YangList<{ readonly name: string; readonly index: number }, [name: string]>;
  readonly cable: YangList<Cable, [from: string]>;
  readonly tray: YangList<Tray, [name: string]>;
}

/** Trays lie on each other, in the user's order; each holds cables by clips. */
export interface Tray {
  readonly name: string;
  readonly slot: number;
  readonly height: number;
  readonly label: { readonly colour: number };
  readonly clip: YangList<Clip, [number: number]>;
}

export interface Clip {
  readonly number: number;
  readonly port: string;
}

export interface Cable {
  readonly from: string;
  readonly to: string;
}

const extension = (name: string): { readonly extensions: readonly IrExtension[] } => ({
  extensions: [{ name: `yangplane-extensions:${name}` }],
});
const state = { config: false };
const assigned = { ...state, ...extension("assigned") };

const enums = (...names: readonly string[]): IrType => ({
  base: "enumeration",
  enums: names.map((name, value): IrEnum => ({ name, value })),
});

const portFrom = (expression: string): IrType => ({
  base: "leafref",
  path: { expression, module: "patch" },
  requireInstance: true,
  target: "/patch:patch/ports/name",
  type: { base: "string" },
});
const portName = portFrom("../../ports/name");

const rooms: IrType = {
  base: "uint32",
  range: { intervals: [{ min: "1", max: "128" }] },
};

export const patchModel: ModelDescriptor<Patch> = {
  module: "patch",
  list: "patch",
  ir: irModule(
    "patch",
    [
      list(
        "patch",
        "name",
        [
          leaf("name", "string"),
          leaf("uuid", "string", assigned),
          leaf("service-name", "string", state),
          leaf("type", enums("TC", "XDP_SKB", "XDP_DRV"), {
            default: "TC",
            ...extension("init-only"),
          }),
          leaf("comment", "string"),
          leaf("rooms", rooms, { default: "64", ...extension("init-only") }),
          list(
            "ports",
            "name",
            [
              leaf("name", "string"),
              leaf("uuid", "string", assigned),
              leaf("index", "uint16", assigned),
              leaf("status", enums("UP", "DOWN"), state),
              leaf("peer", "string"),
              leaf("forwarding-path", enums("XDP", "TC"), state),
              container(
                "counters",
                [
                  leaf("rx-packets", "uint64"),
                  leaf("rx-bytes", "uint64"),
                  leaf("tx-packets", "uint64"),
                  leaf("tx-bytes", "uint64"),
                  list("drops", "reason", [leaf("reason", "string"), leaf("packets", "uint64")]),
                ],
                state,
              ),
            ],
            {
              notifications: [
                notification("link", "patch", [leaf("up", "boolean", { mandatory: true })]),
              ],
            },
          ),
          container("board", [leaf("lamps", "uint32")], state),
          list(
            "cable",
            "from",
            [
              leaf("from", portName),
              leaf("to", portName, { mandatory: true }),
              leaf("frames", "uint64", state),
            ],
            {
              actions: [operation("turn", "patch")],
              notifications: [
                notification("lit", "patch", [leaf("colour", "uint8", { mandatory: true })]),
              ],
            },
          ),
          list(
            "tray",
            "name",
            [
              leaf("name", "string"),
              leaf("slot", "uint16", assigned),
              leaf("height", "uint16", { default: "0" }),
              container("label", [leaf("colour", "uint8", { default: "0" })]),
              list(
                "clip",
                "number",
                [
                  leaf("number", "uint16"),
                  leaf("port", portFrom("../../../ports/name"), { mandatory: true }),
                ],
                {
                  actions: [operation("release", "patch", { output: [leaf("port", "string")] })],
                },
              ),
            ],
            {
              userOrdered: true,
              actions: [
                operation("append", "patch", {
                  input: [leaf("port", portFrom("../../../ports/name"), { mandatory: true })],
                  output: [leaf("number", "uint16", { mandatory: true })],
                }),
                operation("raise", "patch", { input: [leaf("above", "string")] }),
              ],
            },
          ),
        ],
        {
          actions: [
            operation("reset", "patch", {
              input: [leaf("port", portName, { mandatory: true })],
              output: [leaf("frames", "uint64", { mandatory: true })],
            }),
            operation("unheard-of", "patch"),
          ],
          notifications: [
            notification("alarmed", "patch", [
              leaf("port", portFrom("../../ports/name"), { mandatory: true }),
              leaf("sound", "string", { default: "beep" }),
            ]),
          ],
        },
      ),
    ],
    {
      notifications: [notification("blackout", "patch", [leaf("panel", "string")])],
    },
  ),
};

/** A record of the ring buffer: a lamp at a port shines in a colour, 0 for not at all. */
export const alarm = struct<Alarm>(8, { port: [0, u32], colour: [4, u32] });

export interface Alarm {
  readonly port: number;
  readonly colour: number;
}

export const socket = struct<Socket>(12, { ifindex: [0, u32], mtu: [4, u32], isUp: [8, u32] });

interface Socket {
  readonly ifindex: number;
  readonly mtu: number;
  readonly isUp: number;
}

function hashOf(name: string, maxEntries: number) {
  const numbers = { key: u32, value: u32 };
  return { name, type: "hash", owner: "config", ...numbers, maxEntries } as const;
}

export const patchObject = {
  name: "patch",
  maps: {
    alarms: {
      name: "alarms",
      type: "ringbuf",
      owner: "state",
      key: nothing,
      value: nothing,
      maxEntries: 4096,
    },
    cables: hashOf("cables", 128),
    counters: {
      name: "counters",
      type: "percpu_array",
      owner: "core",
      key: u32,
      value: portCounters,
      maxEntries: 128,
    },
    lamps: hashOf("lamps", 128),
    clips: hashOf("clips", 4),
    glow: { ...hashOf("glow", 1), type: "array" },
    holds: hashOf("holds", 128),
    stack: hashOf("stack", 4),
    sockets: {
      name: "sockets",
      type: "hash",
      owner: "config",
      key: u32,
      value: socket,
      maxEntries: 128,
    },
    cube: {
      name: "cube",
      type: "array",
      owner: "core",
      key: u32,
      value: cubeWiring,
      maxEntries: 1,
    },
    hops: { name: "hops", type: "array", owner: "core", key: u32, value: hop, maxEntries: 128 },
    meter: { name: "meter", type: "hash", owner: "state", key: u32, value: u64, maxEntries: 128 },
  },
  programs: {
    ingress: { name: "ingress", family: "tc" },
    xdpIngress: { name: "xdp_ingress", family: "xdp" },
  },
  constants: { roomsMax: { name: "rooms_max", value: u32 } },
} as const satisfies ObjectLayout;
