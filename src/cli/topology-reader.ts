import type { IrModule } from "../datamodel/schema/ir.ts";
import type { CubeInfo } from "./daemon.ts";
import { Refusal } from "./refusal.ts";
import { type Cube, type Port, type Topology, topologyOf } from "./topology.ts";

/** What has to be asked of the daemon. */
export interface TopologySource {
  cubes(): Promise<readonly CubeInfo[]>;
  model(name: string): Promise<IrModule>;
  read(path: string): Promise<unknown>;
}

/** Reads at a time: well below what one connection may have. */
const readsMax = 32;

export async function readTopology(source: TopologySource): Promise<Topology> {
  const [infos, devices] = await Promise.all([source.cubes(), source.read("/netdev:netdev")]);
  const standard = await standardServices(source, infos);
  const cubes: (Cube | undefined)[] = [];
  for (let at = 0; at < infos.length; at += readsMax) {
    const some = infos.slice(at, at + readsMax);
    const read = some.map((info) => cubeOf(source, info, standard.has(info.service)));
    cubes.push(...(await Promise.all(read)));
  }
  const known = cubes.filter((cube) => cube !== undefined);
  return topologyOf(known, (devices as DeviceJson[]).map(deviceOf));
}

/** Services whose cubes have ports. */
async function standardServices(
  source: TopologySource,
  infos: readonly CubeInfo[],
): Promise<ReadonlySet<string>> {
  const names = [...new Set(infos.map(({ service }) => service))];
  const models = await Promise.all(names.map((name) => source.model(name)));
  return new Set(models.filter(hasPorts).map(({ name }) => name));
}

function hasPorts({ name, data }: IrModule): boolean {
  const cube = data.find((node) => node.name === name);
  return cube?.kind === "list" && cube.children.some((child) => child.name === "ports");
}

/** Undefined of a cube that has been deleted meanwhile. */
async function cubeOf(
  source: TopologySource,
  { name, service, type, path }: CubeInfo,
  isStandard: boolean,
): Promise<Cube | undefined> {
  if (!isStandard) return { name, service, type, ports: undefined };
  try {
    const ports = (await source.read(`${path}/ports`)) as PortJson[];
    return { name, service, type, ports: ports.map(portOf) };
  } catch (error) {
    if (error instanceof Refusal && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

interface PortJson {
  readonly name: string;
  readonly status?: string;
  readonly peer?: string;
  readonly tcubes?: readonly string[];
}

function portOf({ name, status = "DOWN", peer, tcubes = [] }: PortJson): Port {
  return { name, status, peer: peer === "" ? undefined : peer, tcubes };
}

interface DeviceJson {
  readonly name: string;
  readonly tcubes?: readonly string[];
}

function deviceOf({ name, tcubes = [] }: DeviceJson) {
  return { name, tcubes };
}
