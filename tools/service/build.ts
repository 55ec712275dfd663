import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { contractVersion, type Manifest, manifestFile } from "../../src/services/manifest.ts";
import { writeText } from "../generate/output.ts";
import { buildModel } from "./model.ts";
import { buildObject } from "./object.ts";
import { buildProgram } from "./program.ts";
import { findSource } from "./source.ts";

/**
 * Builds the service in a folder outside the tree: all that the daemon loads is in its `build`
 * afterwards, where without a manifest nothing is loadable. Returns the name of the service.
 */
export async function buildService(folder: string, packageRoot: string): Promise<string> {
  const source = findSource(resolve(folder));
  const manifest = join(source.build, manifestFile);
  rmSync(manifest, { force: true });
  buildModel(source, packageRoot);
  buildObject(source, packageRoot);
  const { name } = source;
  const module = await buildProgram(source, packageRoot);
  const content: Manifest = { contract: contractVersion, name, module };
  writeText(manifest, `${JSON.stringify(content, null, 2)}\n`);
  return name;
}
