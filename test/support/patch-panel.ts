import type { IrEnum, IrExtension, IrType } from "../../src/datamodel/schema/ir.ts";
import type { ModelDescriptor } from "../../src/datamodel/schema/model.ts";
import type { YangList } from "../../src/datamodel/tree/list.ts";
import type { ObjectLayout } from "../../src/dataplane/layout.ts";
import { cubeWiring, hop, portCounters } from "../../src/gen/bpf/core.ts";
import { nothing, u32, u64 } from "../../src/lib/codec.ts";
import { type AnyService, defineService } from "../../src/services/service.ts";
import { container, irModule, leaf, list, operation } from "./ir.ts";

/**
 * A service for tests only, and unlike the bridge in all that a service chooses: cables lead from
 * port to port, a meter counts what went through each, alarms say that it changed.
 */
export interface Patch {
  readonly name: string;
  readonly uuid: string;
  readonly rooms: number;
  readonly ports: YangList<{ readonly name: string; readonly index: number }, [name: string]>;
  readonly cable: YangList<Cable, [from: string]>;
  readonly tray: YangList<Tray, [name: string]>;
}

/** Trays lie on each other, in the user's order; each holds cables by clips. */
interface Tray {
  readonly name: string;
  readonly height: number;
  readonly clip: YangList<Clip, [number: number]>;
}

interface Clip {
  readonly number: number;
  readonly port: string;
}

interface Cable {
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

const model: ModelDescriptor<Patch> = {
  module: "patch",
  list: "patch",
  ir: irModule("patch", [
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
        list("ports", "name", [
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
        ]),
        list(
          "cable",
          "from",
          [
            leaf("from", portName),
            leaf("to", portName, { mandatory: true }),
            leaf("frames", "uint64", state),
          ],
          { actions: [operation("turn", "patch")] },
        ),
        list(
          "tray",
          "name",
          [
            leaf("name", "string"),
            leaf("height", "uint16", { default: "0" }),
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
      },
    ),
  ]),
};

const object = {
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
    cables: {
      name: "cables",
      type: "hash",
      owner: "config",
      key: u32,
      value: u32,
      maxEntries: 128,
    },
    counters: {
      name: "counters",
      type: "percpu_array",
      owner: "core",
      key: u32,
      value: portCounters,
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

const definition = defineService({
  model,
  object,
  programs: { tc: "ingress", xdp: "xdpIngress" },
  capacity: { cables: ({ rooms }) => rooms },
  constants: ({ rooms }) => ({ roomsMax: rooms }),
  tables: {
    cables: {
      entries: ({ cable }) => cable,
      row: ({ from, to }: Cable, { ports }) => ({
        key: index(ports, from),
        value: index(ports, to),
      }),
    },
  },
  validate: function* ({ cable }) {
    for (const { from, to } of cable) {
      if (from === to) yield { at: ["cable", [from]], message: `${from} leads to itself` };
    }
  },
  state: {
    cable: (patch) =>
      patch.maps.meter.rows().map(({ key, value }) => ({
        from: patch.portName(key),
        frames: value,
      })),
  },
  events: {
    alarms: (record, patch) => [["cable", [patch.portName(u32.decode(record)) ?? ""]]],
  },
  actions: {
    reset: (input, patch) => {
      const { port } = input as { readonly port: string };
      const key = index(patch.config.ports, port);
      const frames = patch.maps.meter.get(key);
      patch.maps.meter.delete([key]);
      // A port that was never metered makes this output lack its mandatory leaf.
      return { output: frames === undefined ? {} : { frames }, changed: [["cable", [port]]] };
    },
    "cable/turn": (_input, { config }, [from]) => {
      const to = config.cable.get(String(from))?.to ?? "";
      return {
        output: {},
        edits: [
          { at: ["cable", [String(from)]], operation: "delete" },
          { at: ["cable", [to]], operation: "create", value: { to: String(from) } },
        ],
      };
    },
    "tray/append": (input, { config }, [tray]) => {
      const { port } = input as { readonly port: string };
      const clips = config.tray.get(String(tray))?.clip ?? [];
      const number = Math.max(0, ...[...clips].map((clip) => clip.number)) + 1;
      const clip = ["tray", [String(tray)], "clip", [number]];
      const height = ["tray", [String(tray)], "height"];
      return {
        output: { number },
        edits: [
          { at: clip, operation: "create", value: { port } },
          { at: height, operation: "merge", value: number },
        ],
      };
    },
    "tray/raise": (input, _patch, [tray]) => {
      const { above } = input as { readonly above?: string };
      const at = ["tray", [String(tray)]];
      const operation = "merge";
      if (above === undefined) return { output: {}, edits: [{ at, operation, insert: "first" }] };
      return { output: {}, edits: [{ at, operation, insert: "before", point: [above] }] };
    },
    "tray/clip/release": (_input, { config, maps }, [tray, number]) => {
      const clip = config.tray.get(String(tray))?.clip.get(Number(number));
      const port = clip?.port ?? "";
      maps.meter.delete([index(config.ports, port)]);
      const at = ["tray", [String(tray)], "clip", [Number(number)]];
      return {
        output: { port },
        changed: [["cable", [port]]],
        edits: [{ at, operation: "delete" }],
      };
    },
  },
});

function index(ports: Patch["ports"], name: string): number {
  return ports.get(name)?.index ?? 0;
}

export const patchPanel = definition as object as AnyService;
