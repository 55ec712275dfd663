import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { MapLayout, ObjectLayout } from "../dataplane/layout.ts";
import { assert } from "../lib/assert.ts";
import { type Discovered, hasCubes } from "./any-service.ts";

/** Loads the services of a folder: every sub-folder with a `service` module, in order of name. */
export async function discoverServices(folder: string): Promise<readonly Discovered[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: false });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const services: Discovered[] = [];
  for (const name of folders.sort()) {
    const files = await readdir(join(folder, name));
    const file = files.find((candidate) => /^service\.(ts|js)$/.test(candidate));
    if (file === undefined) continue;
    const module: { service?: Discovered } = await import(
      pathToFileURL(join(folder, name, file)).href
    );
    assert(module.service, `${name}/${file} exports service`);
    services.push(module.service);
  }
  return services;
}

/** The engine's own maps, as the objects of services that are built in have them, by name. */
export function coreMapsOf(objects: readonly ObjectLayout[]): ReadonlyMap<string, MapLayout> {
  const maps = objects.flatMap((object) => Object.values(object.maps));
  const core = maps.filter(({ owner }) => owner === "core");
  return new Map(core.map((map) => [map.name, map]));
}

/** The compiled objects of those services that have cubes. */
export function objectsOf(services: readonly Discovered[]): readonly ObjectLayout[] {
  return services.filter(hasCubes).map(({ object }) => object);
}
