import { transparenthelloworldObject } from "../../gen/bpf/transparenthelloworld.ts";
import {
  type Transparenthelloworld,
  transparenthelloworldModel,
} from "../../gen/yang/transparenthelloworld.ts";
import { lowerCase } from "../../lib/case.ts";
import { defineService, type Parent, way } from "../service.ts";

type Config = Pick<Transparenthelloworld, "ingressAction" | "egressAction">;

/** Passes or drops everything by the way it goes, or sends it on from here. */
export const service = defineService({
  model: transparenthelloworldModel,
  object: transparenthelloworldObject,
  programs: { tc: { ingress: "ingress", egress: "egress" }, xdp: "xdpIngress" },
  tables: { settings: { entries: settings, row: settingsRow } },
  parentChanged: (_, parent) => ({
    log: parent ? [{ level: "info", text: attached(parent) }] : [],
  }),
  punted: (frame) => ({ send: [{ ...frame, go: "out" }] }),
});

function settings({ ingressAction, egressAction }: Config) {
  return [
    { key: way.ingress, action: ingressAction },
    { key: way.egress, action: egressAction },
  ];
}

function attached({ name, peer }: Parent): string {
  return `Attached to ${name}${peer === undefined ? "" : `, whose peer is ${peer}`}`;
}

export function settingsRow({ key, action }: ReturnType<typeof settings>[number]) {
  return { key, value: { action: lowerCase(action) } };
}
