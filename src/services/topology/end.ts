import { type CubeEntry, type HostContext, type NodeRef, refuse } from "../service.ts";

/** What a connection has at each side, and what transparent cubes are attached to. */
export interface End {
  /** As it is written: `br0:p1`, `veth1`. */
  readonly text: string;
  readonly kind: "port" | "device";
  /** Where its configuration stands, or will stand. */
  readonly ref: NodeRef;
  /** Of a port. */
  readonly peer: string | undefined;
  readonly tcubes: readonly string[];
}

interface EndConfig {
  readonly peer?: string;
  readonly tcubes?: readonly string[];
}

interface Named<T> {
  get(name: string): T | undefined;
}

/** The port or device of a name. `at`: the input leaf that names it. @throws RequestError */
export function endOf(host: HostContext, text: string, at: string): End {
  const [cube = "", port] = text.split(":");
  return port === undefined ? deviceEnd(host, text, at) : portEnd(host, { cube, port }, at);
}

/** @throws RequestError */
export function cubeOf(host: HostContext, name: string, at: string): CubeEntry {
  for (const cube of host.cubes()) if (cube.config["name"] === name) return cube;
  throw refuse("data-missing", at, `no cube ${name}`);
}

function portEnd(
  host: HostContext,
  { cube, port }: { readonly cube: string; readonly port: string },
  at: string,
): End {
  const { ref, config } = cubeOf(host, cube, at);
  const found = (config["ports"] as Named<EndConfig> | undefined)?.get(port);
  if (found === undefined) throw refuse("data-missing", at, `cube ${cube} has no port ${port}`);
  return {
    text: `${cube}:${port}`,
    kind: "port",
    ref: [...ref, "ports", [port]],
    peer: found.peer || undefined,
    tcubes: found.tcubes ?? [],
  };
}

/** A device that is absent but configured still has what was attached to it. */
function deviceEnd({ config, devices }: HostContext, name: string, at: string): End {
  const found = (config["netdev"] as Named<EndConfig> | undefined)?.get(name);
  if (found === undefined && devices.byName(name) === undefined) {
    throw refuse("data-missing", at, `no network device ${name}`);
  }
  const ref = ["netdev:netdev", [name]];
  return { text: name, kind: "device", ref, peer: undefined, tcubes: found?.tcubes ?? [] };
}
