import { type CubeEntry, defineModule, type HostContext } from "../../src/services/service.ts";
import { container, irModule, leaf, list, operation } from "./ir.ts";

const state = { config: false };

/** A model without cubes, for tests only: who works in a laboratory, and what furnishes it. */
export const lab = defineModule({
  model: {
    ir: irModule(
      "lab",
      [
        list("visitor", "name", [
          leaf("name", "string"),
          leaf("desk", "uint8"),
          leaf("cubes", "uint32", state),
        ]),
        container("machine", [leaf("devices", "uint32")], state),
      ],
      {
        rpcs: [
          operation("furnish", "lab", {
            input: [
              leaf("name", "string", { mandatory: true }),
              leaf("ports", "uint8", { mandatory: true }),
              leaf("visitor", "string"),
            ],
            output: [leaf("commits", "uint8"), leaf("panels", "uint32")],
          }),
          operation("clear", "lab"),
          operation("unheard-of", "lab"),
        ],
      },
    ),
  },
  state: {
    machine: ({ devices }: HostContext) => ({ devices: devices.list().length }),
    visitor: ({ cubes }, [, keys]) => {
      const name = String(keys ?? "everybody");
      return [{ name, cubes: [...cubes()].length }];
    },
  },
  rpcs: {
    furnish: (input, host) => {
      const { name, ports, visitor } = input as Furniture;
      const sockets = Array.from({ length: ports }, (_, at) => ({ name: `s${at}` }));
      const panel = {
        at: ["patch", [name]],
        operation: "create",
        value: { ports: sockets },
      } as const;
      const guest = { at: ["lab:visitor", [visitor ?? ""]], operation: "merge" } as const;
      return {
        output: { panels: panels(host.cubes()).length },
        edits: visitor === undefined ? [panel] : [panel, guest],
        changed: [["machine"]],
      };
    },
    clear: (_input, host) => ({
      output: {},
      edits: panels(host.cubes()).map(({ ref }) => ({ at: ref, operation: "delete" })),
    }),
  },
  deviceChanged: ({ device }) => (device.name === "ignored" ? [] : [["machine"]]),
});

interface Furniture {
  readonly name: string;
  readonly ports: number;
  readonly visitor?: string;
}

function panels(cubes: Iterable<CubeEntry>): CubeEntry[] {
  return [...cubes].filter(({ service }) => service === "patch");
}
