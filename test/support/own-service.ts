import { readFileSync } from "node:fs";
import { ApiClient, loadTypes } from "./api-client.ts";
import type { DaemonHome, DaemonProcess } from "./daemon.ts";
import { ServiceFolder } from "./service-folder.ts";

export const counters = "yangplane.packetcounter.v1.PacketcounterService";
export const serviceService = "yangplane.core.v1.ServiceService";

let built: ServiceFolder | undefined;

/** A folder with the packet counter as it is built; building takes seconds, so it is done once. */
export function builtCounter(): ServiceFolder {
  if (built === undefined) {
    built = new ServiceFolder();
    built.build();
  }
  return new ServiceFolder(built.path, { built: true });
}

/** A client that knows the packet counter's interface beside the core one. */
export function counterClient(daemon: DaemonProcess, home: DaemonHome): ApiClient {
  const file = "build/yangplane/packetcounter/v1/packetcounter.proto";
  const folder = builtCounter();
  const types = loadTypes([], [readFileSync(folder.file(file), "utf8")]);
  folder[Symbol.dispose]();
  return daemon.clientOf(() => new ApiClient(`unix:${home.socket}`, types));
}
