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
