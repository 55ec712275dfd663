/**
 * What is connected to what, put together from cubes and devices. A chain is listed from the cube
 * of its port outwards: frames that come in pass it from the end, others from the start.
 */

export interface Port {
  readonly name: string;
  readonly status: string;
  /** A device or `cube:port`; undefined where there is none. */
  readonly peer: string | undefined;
  /** The port's own transparent cubes, the one next to the cube first. */
  readonly tcubes: readonly string[];
}

export interface Cube {
  readonly name: string;
  readonly service: string;
  readonly type: string;
  /** Undefined of a transparent cube, which has none. */
  readonly ports: readonly Port[] | undefined;
}

export interface Device {
  readonly name: string;
  /** The one next to the wire first. */
  readonly tcubes: readonly string[];
}

export interface Link {
  readonly name: string;
  readonly status: string;
  readonly peer: string | undefined;
  /** Transparent cubes of both ends, from the cube outwards. */
  readonly chain: readonly string[];
}

export interface Topology {
  readonly cubes: readonly (Omit<Cube, "ports"> & { readonly ports: readonly Link[] })[];
  /** Devices with a chain of their own that are no port's peer: what the host itself uses. */
  readonly host: readonly { readonly name: string; readonly chain: readonly string[] }[];
  readonly transparent: readonly {
    readonly name: string;
    readonly service: string;
    readonly type: string;
    /** Ports, `cube:port`, and devices. */
    readonly attached: readonly string[];
  }[];
}

export function topologyOf(cubes: readonly Cube[], devices: readonly Device[]): Topology {
  const outside = chainsFromOutside(cubes, devices);
  const standard = cubes.flatMap(({ ports, ...cube }) =>
    ports === undefined ? [] : [{ ...cube, ports: ports.map((port) => linkOf(port, outside)) }],
  );
  const peers = new Set(standard.flatMap(({ ports }) => ports.map(({ peer }) => peer)));
  const host = devices
    .filter(({ name, tcubes }) => tcubes.length > 0 && !peers.has(name))
    .map(({ name }) => ({ name, chain: outside.get(name) ?? [] }));
  return { cubes: standard, host, transparent: transparentOf(cubes, devices) };
}

/** What the far end of a link adds to its chain, by the name of that end. */
function chainsFromOutside(
  cubes: readonly Cube[],
  devices: readonly Device[],
): ReadonlyMap<string, readonly string[]> {
  const chains = devices.map(({ name, tcubes }) => [name, [...tcubes].reverse()] as const);
  const ports = placesOf(cubes).map(({ at, tcubes }) => [at, [...tcubes].reverse()] as const);
  return new Map([...chains, ...ports]);
}

function placesOf(cubes: readonly Cube[]) {
  return cubes.flatMap(({ name, ports = [] }) =>
    ports.map((port) => ({ at: `${name}:${port.name}`, tcubes: port.tcubes })),
  );
}

function linkOf({ tcubes, ...port }: Port, outside: ReadonlyMap<string, readonly string[]>): Link {
  const far = port.peer === undefined ? [] : (outside.get(port.peer) ?? []);
  return { ...port, chain: [...tcubes, ...far] };
}

function transparentOf(
  cubes: readonly Cube[],
  devices: readonly Device[],
): Topology["transparent"] {
  const places = [...placesOf(cubes), ...devices.map(({ name, tcubes }) => ({ at: name, tcubes }))];
  return cubes
    .filter(({ ports }) => ports === undefined)
    .map(({ name, service, type }) => ({
      name,
      service,
      type,
      attached: places.filter(({ tcubes }) => tcubes.includes(name)).map(({ at }) => at),
    }));
}

/** Cubes, and devices that cubes use. */
export function namesIn({ cubes, host, transparent }: Topology): ReadonlySet<string> {
  const peers = cubes.flatMap(({ ports }) => ports.map(({ peer }) => peer ?? ""));
  const devices = peers.filter((peer) => peer !== "" && !peer.includes(":"));
  return new Set([...[...cubes, ...host, ...transparent].map(({ name }) => name), ...devices]);
}

/** Only what can be reached from a cube or device. */
export function around(topology: Topology, start: string): Topology {
  const reached = new Set([start]);
  // Sets yield what is added while they are walked.
  for (const name of reached) for (const next of neighbours(topology, name)) reached.add(next);
  const isReached = ({ name }: { readonly name: string }) => reached.has(name);
  return {
    cubes: topology.cubes.filter(isReached),
    host: topology.host.filter(isReached),
    transparent: topology.transparent.filter(isReached),
  };
}

function neighbours({ cubes, host }: Topology, name: string): string[] {
  const cubeName = (end: string) => end.split(":")[0] ?? end;
  const links = cubes.flatMap(({ name: cube, ports }) =>
    ports.map(({ peer, chain }) => [cube, ...(peer ? [cubeName(peer)] : []), ...chain]),
  );
  const devices = host.map((device) => [device.name, ...device.chain]);
  return [...links, ...devices].filter((ends) => ends.includes(name)).flat();
}
