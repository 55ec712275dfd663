import { refuse } from "../../datamodel/error.ts";
import type { ServiceInfo, ServiceRoster } from "../service-roster.ts";
import type { Api } from "./api.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import type { Caller } from "./unary.ts";

/** ServiceService.ListServices. */
export function listServices(api: Api): PlainMessage {
  return { services: rosterOf(api).list().map(serviceMessage) };
}

/** ServiceService.LoadService. */
export async function loadService(
  api: Api,
  request: PlainMessage,
  caller: Caller,
): Promise<PlainMessage> {
  const folder = given(request, "directory");
  const { name } = request;
  const roster = rosterFor(api, caller);
  const service = await roster.load(folder, name === undefined ? undefined : String(name));
  return { service: serviceMessage(service) };
}

/** ServiceService.UnloadService. */
export async function unloadService(
  api: Api,
  request: PlainMessage,
  caller: Caller,
): Promise<PlainMessage> {
  const name = given(request, "name");
  await rosterFor(api, caller).unload(name);
  return {};
}

function given(request: PlainMessage, field: string): string {
  const value = request[field];
  if (value === undefined) throw refuse("missing-element", "", `field ${field} is missing`);
  return String(value);
}

/** What is loaded runs with the rights of the daemon: that is for those on its machine. */
function rosterFor(api: Api, { isOnSocket }: Caller): ServiceRoster {
  if (isOnSocket) return rosterOf(api);
  throw refuse("access-denied", "", "services are loaded and unloaded over the Unix socket only");
}

function rosterOf({ roster }: Api): ServiceRoster {
  if (roster) return roster;
  throw refuse("operation-not-supported", "", "this server has no roster of services");
}

function serviceMessage({ folder, cubes, ...service }: ServiceInfo): PlainMessage {
  return { ...service, directory: folder, cubes: BigInt(cubes) };
}
