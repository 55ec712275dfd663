import { join } from "node:path";
import { hopFlag } from "../src/gen/bpf/core.ts";
import { simplebridgeObject } from "../src/gen/bpf/simplebridge.ts";
import { u32 } from "../src/lib/codec.ts";
import { type BenchEngine, commit, edit } from "./engine.ts";
import { ip, type Pair, twoHosts } from "./network.ts";

/** An address that is not learned but configured to be behind the second port. */
export const STATIC_ADDRESS = "02:00:00:00:01:00";

/** Two hosts with the kernel's own bridge between them. */
export function linuxBridge(name: string): Pair {
  const pair = twoHosts(name);
  ip(`link add ${name} type bridge`);
  for (const { device } of pair) ip(`link set ${device} master ${name}`);
  ip(`link set ${name} up`);
  return pair;
}

/** Two hosts with a simplebridge between them. */
export async function simplebridge(
  engine: BenchEngine,
  name: string,
  { type = "TC", gro = false }: { type?: "TC" | "XDP_DRV"; gro?: boolean } = {},
): Promise<Pair> {
  const pair = twoHosts(name);
  if (gro) for (const host of pair) host.run("ethtool", "-K", "eth0", "gro", "on");
  const ports = pair.map(({ device }, index) => ({ name: `p${index + 1}`, peer: device }));
  const entry = [{ address: STATIC_ADDRESS, port: "p2" }];
  const path = `/simplebridge:simplebridge[name='${name}']`;
  await commit(engine, [edit(engine.schema, "create", path, { type, ports, fdb: { entry } })]);
  return pair;
}

/** The object of the cube that was made last. */
export function lastCube({ dataplane }: BenchEngine): string {
  return dataplane.objects().findLast((id) => id.startsWith("cubes/")) ?? "";
}

/** Lets a cube send by bpf_redirect_peer, which the engine never asks for. */
export function sendToPeers({ dataplane }: BenchEngine, cube: string): void {
  const { name, value } = simplebridgeObject.maps.hops;
  const rows = [0, 1].map((port) => {
    const key = u32.encode(port);
    const hop = value.decode(dataplane.lookup(cube, name, key) ?? new Uint8Array(value.size));
    return { key, value: value.encode({ ...hop, flags: hop.flags | hopFlag.peer }) };
  });
  dataplane.putRows(cube, name, rows);
}

/** Two hosts with nothing but bpf_redirect between them. */
export function bareRedirect({ dataplane }: BenchEngine, name: string): Pair {
  const pair = twoHosts(name);
  const [one, other] = pair.map(({ ifindex }) => ifindex);
  for (const [from = 0, to = 0] of [
    [one, other],
    [other, one],
  ]) {
    const objectId = referenceId(from);
    const constants = { to_ifindex: u32.encode(to) };
    dataplane.loadObject({ id: objectId, object: "reference", constants, capacity: {} });
    dataplane.attach({ ifindex: from, hook: "tcx-ingress", objectId, program: "redirect" });
  }
  return pair;
}

/** The object that redirects what a device receives. */
export function referenceId(ifindex: number): string {
  return `reference/${ifindex}`;
}

/** Where a program of such an object is pinned. */
export function referencePin(pins: string, ifindex: number, program: string): string {
  return join(pins, referenceId(ifindex), "programs", program);
}
