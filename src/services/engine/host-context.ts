import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import type { CubeEntry, HostContext } from "../operation.ts";
import { readDeviceDrops } from "./counters.ts";
import type { Planner } from "./planner.ts";

export interface HostParts {
  readonly planner: Planner;
  readonly dataplane: Dataplane;
  readonly devices: Devices;
}

/** What rpcs and modules without cubes are given, for one version of the configuration. */
export function hostContext(
  { planner, devices, dataplane }: HostParts,
  config: DataObject,
): HostContext {
  return {
    config,
    devices,
    portOf: (ifindex) => {
      const wired = planner.wiring.portOf(ifindex);
      return wired && `${wired.cube}:${wired.port}`;
    },
    dropsOf: (ifindex) => {
      const objectId = planner.wiring.entryObject(ifindex);
      return objectId === undefined ? [] : readDeviceDrops(dataplane, objectId);
    },
    *cubes(): Generator<CubeEntry> {
      for (const list of planner.services.keys()) {
        for (const cube of config[list.prop] as YangList<DataObject>) {
          const ref = [list.jsonName, [String(cube["name"])]];
          yield { service: list.module, ref, config: cube };
        }
      }
    },
  };
}
