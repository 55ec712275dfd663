import type { DeltaRecord } from "../../datamodel/codec/delta.ts";
import { parseSteps } from "../../datamodel/schema/instance-identifier.ts";
import type { Schema } from "../../datamodel/schema/schema.ts";

/** The stored configuration has cubes of a service that is not loaded. */
export class MissingServiceError extends Error {
  override readonly name = "MissingServiceError";
  readonly service: string;

  constructor(service: string, cubes: number) {
    const count = cubes === 1 ? "a cube" : `${cubes} cubes`;
    super(`the configuration has ${count} of service ${service}, which is not loaded`);
    this.service = service;
  }
}

/**
 * Cubes of services that are not loaded, followed through the records of a journal: those that were
 * deleted again need no service, the others must not be lost.
 */
export class StrandedCubes {
  readonly #schema: Schema;
  readonly #cubes = new Map<string, Set<string>>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** False for a record that the schema knows the module of. */
  take(record: DeltaRecord): boolean {
    const [operation, path, value] = record;
    const [, module] = /^\/([^:/[]+):/.exec(path) ?? [];
    if (module === undefined || this.#schema.modules.has(module)) return false;
    const cubes = this.#cubes.get(module) ?? new Set<string>();
    this.#cubes.set(module, cubes);
    const [top, ...below] = parseSteps(path);
    const [key] = top?.predicates ?? [];
    const name = key?.kind === "key" ? key.value : undefined;
    if (operation === "delete" && below.length === 0) {
      if (name === undefined) cubes.clear();
      else cubes.delete(name);
    } else if (name !== undefined && operation !== "delete") cubes.add(name);
    else if (operation === "add") {
      for (const cube of value as { readonly name?: unknown }[]) cubes.add(String(cube.name));
    }
    return true;
  }

  /** @throws MissingServiceError */
  check(): void {
    for (const [service, { size }] of this.#cubes) {
      if (size > 0) throw new MissingServiceError(service, size);
    }
  }
}
