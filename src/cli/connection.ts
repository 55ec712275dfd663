import { quoted } from "../datamodel/schema/instance-identifier.ts";
import type { CubeInfo } from "./daemon.ts";
import type { Edit } from "./edit.ts";
import { UsageError } from "./usage-error.ts";

/** What `connect` and `disconnect` have to look up. */
export interface Lookup {
  cube(name: string): Promise<CubeInfo | undefined>;
  read(path: string): Promise<unknown>;
}

/**
 * Edits that set or remove the `peer` of one port, `cube:port`, or of two ports that face each
 * other. The ports have to exist; a device is the daemon's to judge. @throws UsageError
 */
export async function connection(
  daemon: Lookup,
  command: "connect" | "disconnect",
  ends: readonly string[],
): Promise<Edit[]> {
  const [one, other] = ends;
  if (one === undefined || other === undefined || ends.length > 2) {
    throw new UsageError(`write ${command} <cube:port> <device|cube:port>`);
  }
  const pairs = [
    { port: one, peer: other },
    { port: other, peer: one },
  ].filter(({ port }) => port.includes(":"));
  if (pairs.length === 0) throw new UsageError(`neither ${one} nor ${other} is a port, cube:port`);
  return Promise.all(pairs.map((pair) => edit(daemon, command, pair)));
}

async function edit(
  daemon: Lookup,
  command: "connect" | "disconnect",
  { port, peer }: { readonly port: string; readonly peer: string },
): Promise<Edit> {
  const path = await portPath(daemon, port);
  if (command === "connect") {
    return { path: `${path}/peer`, operation: "MERGE", json: JSON.stringify(peer) };
  }
  const state = (await daemon.read(path)) as { readonly peer?: string };
  if (state.peer === peer) return { path: `${path}/peer`, operation: "REMOVE" };
  const found = state.peer ? `connected to ${state.peer}, not to ${peer}` : "not connected";
  throw new UsageError(`${port} is ${found}`);
}

async function portPath(daemon: Lookup, port: string): Promise<string> {
  const [cubeName = "", portName = ""] = port.split(":", 2);
  const cube = await daemon.cube(cubeName);
  if (!cube) throw new UsageError(`there is no cube ${cubeName}`);
  return `${cube.path}/ports[name=${quoted(portName)}]`;
}
