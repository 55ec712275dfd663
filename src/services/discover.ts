import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { assert } from "../lib/assert.ts";
import type { AnyService } from "./service.ts";

/** Loads the services of a folder: every sub-folder with a `service` module, in order of name. */
export async function discoverServices(folder: string): Promise<readonly AnyService[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: false });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const services: AnyService[] = [];
  for (const name of folders.sort()) {
    const files = await readdir(join(folder, name));
    const file = files.find((candidate) => /^service\.(ts|js)$/.test(candidate));
    if (file === undefined) continue;
    const module: { service?: AnyService } = await import(
      pathToFileURL(join(folder, name, file)).href
    );
    assert(module.service, `${name}/${file} exports service`);
    services.push(module.service);
  }
  return services;
}
