import { type CubeReader, defineService } from "yangplane/service";
import { type Packetcounter, packetcounterModel } from "./build/model.ts";
import { packetcounterObject } from "./build/object.ts";

type Counter = CubeReader<Packetcounter, typeof packetcounterObject>;

/** Counts what arrives at a network device. */
export const service = defineService({
  model: packetcounterModel,
  object: packetcounterObject,
  programs: { tc: "ingress", xdp: "xdpIngress" },
  constants: ({ type }) => ({ countsInTc: type === "TC" }),
  tables: {},
  state: { received: (counter) => counted(counter) },
  actions: {
    "received/reset": (_input, counter) => {
      counter.maps.received.delete([0]);
      return { output: {}, changed: [["received"]] };
    },
  },
});

function counted(counter: Counter) {
  const row = counter.maps.received.get(0);
  return { packets: row?.packets ?? 0n, bytes: row?.bytes ?? 0n };
}
