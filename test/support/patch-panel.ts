import type { YangList } from "../../src/datamodel/tree/list.ts";
import type { AnyService } from "../../src/services/any-service.ts";
import {
  defineService,
  factList,
  type NodeRef,
  nested,
  type PortFact,
  type ServiceNotification,
  withFact,
  withoutFact,
} from "../../src/services/service.ts";
import {
  type Alarm,
  alarm,
  type Cable,
  type Patch,
  patchModel,
  patchObject,
} from "./patch-model.ts";
import { clipRow, glowRows, holdChanges, holdRows, index, stackRows } from "./patch-rows.ts";

interface Learned {
  readonly lamps: YangList<Alarm, [port: number]>;
}

const dark: Learned = { lamps: factList() };

/**
 * A service for tests only, and unlike the bridge in all that a service chooses: cables lead from
 * port to port, a meter counts what went through each, alarms say that a lamp shines at one.
 */
const definition = defineService({
  model: patchModel,
  object: patchObject,
  programs: { tc: "ingress", xdp: "xdpIngress" },
  capacity: { cables: ({ rooms }) => rooms },
  constants: ({ rooms }) => ({ roomsMax: rooms }),
  facts: { initial: dark },
  tables: {
    lamps: {
      entries: (_config, { own }) => own.lamps,
      row: ({ port, colour }: Alarm) => ({ key: port, value: colour }),
    },
    sockets: {
      entries: (_config, { ports }) => ports,
      row: ({ index, ifindex = 0, mtu = 0, isUp }: PortFact<unknown>) => ({
        key: index,
        value: { ifindex, mtu, isUp: Number(isUp) },
      }),
    },
    clips: {
      entries: nested(
        ({ tray }: Patch) => tray,
        ({ clip }) => clip,
      ),
      row: clipRow,
    },
    cables: {
      entries: ({ cable }) => cable,
      row: ({ from, to }: Cable, { ports }: Patch) => ({
        key: index(ports, from),
        value: index(ports, to),
      }),
    },
  },
  derived: {
    stack: { from: ({ tray }) => tray, rows: stackRows },
    holds: {
      from: ({ tray, ports }) => [tray, ports] as const,
      rows: holdRows,
      changes: holdChanges,
    },
    glow: { from: (_config, { own }) => own.lamps, rows: glowRows },
  },
  validate: function* ({ cable }) {
    for (const { from, to } of cable) {
      if (from === to) yield { at: ["cable", [from]], message: `${from} leads to itself` };
    }
  },
  state: {
    board: ({ facts }) => ({ lamps: facts.own.lamps.size }),
    cable: (patch) =>
      patch.maps.meter.rows().map(({ key, value }) => ({
        from: patch.portName(key),
        frames: value,
      })),
  },
  events: {
    alarms: (record, patch) => {
      const { port, colour } = alarm.decode(record);
      const changed: NodeRef[] = [["cable", [patch.portName(port) ?? ""]], ["board"]];
      const { lamps } = patch.facts.own;
      const lit =
        colour === 0 ? withoutFact(lamps, [port]) : withFact(lamps, [port], { port, colour });
      const facts = lit === lamps ? patch.facts.own : { lamps: lit };
      return { changed, facts, notifications: told(patch, { port, colour }, lit.size) };
    },
  },
  portChanged: (was, is, { config }) => {
    if (was?.isUp === is?.isUp || is === undefined || !config.ports.has(is.name)) return {};
    const link = { at: ["ports", [is.name]], name: "link", value: { up: is.isUp } };
    return { notifications: [link] };
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

/** An alarm of the port; how its cable is lit, if it has one; and that no lamp shines any more. */
function told(
  { config, portName }: { config: Patch; portName(index: number): string | undefined },
  { port: at, colour }: Alarm,
  shining: number,
): ServiceNotification[] {
  const port = portName(at);
  if (port === undefined) return [];
  const alarmed = { name: "alarmed", value: { port } };
  const lit = { at: ["cable", [port]], name: "lit", value: { colour } };
  const blackout = { name: "blackout", value: { panel: config.name } };
  const cables = config.cable.has(port) ? [lit] : [];
  return [alarmed, ...cables, ...(shining === 0 ? [blackout] : [])];
}

export const patchPanel = definition as object as AnyService;
