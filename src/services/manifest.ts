/**
 * Version of what the daemon and a built service have agreed upon: the contract in service.ts, the
 * maps and structs of bpf/include, and what a built folder holds. A service built for another is
 * refused. Raise it when something is added that services use, and when something else changes.
 */
export const contractVersion = 1;

/** Of the global symbol under which the daemon lends the modules that services import. */
export const contractSymbol = "yangplane.contract";

/** Of a built folder, beside what it names. */
export const manifestFile = "service.json";

/** What `yangplane-gen --service` leaves for the daemon to begin with. */
export interface Manifest {
  readonly contract: number;
  /** Of the service, its module, its object and its lock. */
  readonly name: string;
  /** The module that exports the service. Another build has another path: modules are cached. */
  readonly module: string;
}

/** Undefined for what is no manifest, or names files outside its folder. */
export function parseManifest(text: string): Manifest | undefined {
  const parsed = parsedJson(text);
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { contract, name, module } = parsed as Readonly<Record<string, unknown>>;
  if (typeof contract !== "number" || typeof name !== "string" || typeof module !== "string") {
    return undefined;
  }
  const isInside = namePattern.test(name) && modulePattern.test(module);
  return isInside ? { contract, name, module } : undefined;
}

/** Of YANG identifiers (RFC 7950 §14) those that are names of files everywhere. */
const namePattern = /^[a-z_][a-z0-9_.-]*$/i;
const modulePattern = /^program-[0-9a-f]+\/service\.js$/;

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
