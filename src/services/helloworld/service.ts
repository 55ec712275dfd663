import { helloworldObject } from "../../gen/bpf/helloworld.ts";
import { type Helloworld, helloworldModel } from "../../gen/yang/helloworld.ts";
import { lowerCase } from "../../lib/case.ts";
import { defineService } from "../service.ts";

/** A wire between two ports, which can be cut, or lead here. */
export const service = defineService({
  model: helloworldModel,
  object: helloworldObject,
  programs: { tc: { ingress: "ingress", egress: "egress" }, xdp: "xdpIngress" },
  tables: { settings: { entries: (config) => [config], row: settingsRow } },
  punted: ({ at }, cube) => ({
    log: [{ level: "debug", text: `Packet received from port ${cube.portName(at)}` }],
  }),
});

export function settingsRow({ action }: Pick<Helloworld, "action">) {
  return { key: 0, value: { action: lowerCase(action) } };
}
