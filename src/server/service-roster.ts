/** A service as clients see it. */
export interface ServiceInfo {
  readonly name: string;
  /** `YYYY-MM-DD`, of its model. */
  readonly revision: string;
  readonly description: string;
  /** The folder it was loaded from; empty for one that came with the daemon. */
  readonly folder: string;
  /** How many cubes it has. */
  readonly cubes: number;
}

/** The services of a daemon, those that are loaded and unloaded while it runs included. */
export interface ServiceRoster {
  /** In order of name. */
  list(): readonly ServiceInfo[];
  /**
   * Loads what `yangplane-gen --service` has built in a folder; `name`, where given, is what the
   * service has to be called. @throws RequestError where that cannot be
   */
  load(folder: string, name?: string): Promise<ServiceInfo>;
  /** @throws RequestError where it has cubes, came with the daemon, or is not there */
  unload(name: string): Promise<void>;
}
