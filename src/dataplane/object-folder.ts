import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Family } from "./dataplane.ts";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { familyOfType, programInfo } from "./object-info.ts";
import { checked, type PinnedFiles } from "./pins.ts";

/** A pinned program. */
export interface Program {
  readonly family: Family;
  readonly id: number;
  readonly path: string;
}

/** What is pinned in the folder of an object. */
export interface ObjectFolder {
  readonly path: string;
  readonly programs: ReadonlyMap<string, Program>;
  /** File names of the pins of maps, by map. */
  readonly pins: ReadonlyMap<string, string>;
}

export function readFolder(path: string): ObjectFolder {
  const pins = new Map(pinsIn(join(path, "maps")).map((pin) => [mapName(pin), pin]));
  return { path, programs: programsIn(path), pins };
}

export function mapPath({ path, pins }: ObjectFolder, name: string): string {
  return join(path, "maps", pins.get(name) ?? name);
}

/** Undefined where a daemon was killed while it removed the object. */
export function manifestIn(files: PinnedFiles, { path }: ObjectFolder): Manifest | undefined {
  const manifest = join(path, "manifest");
  return existsSync(manifest) ? readManifest(files, manifest) : undefined;
}

/** The pin of a map, whose rows have a form of that name. */
export function pinName(name: string, form: string | undefined): string {
  return form === undefined ? name : `${name}@${form}`;
}

export function openPin(path: string): number {
  return checked(libbpf().openPin(path), `opening ${path}`);
}

function programsIn(folder: string): Map<string, Program> {
  const programs = new Map<string, Program>();
  for (const name of pinsIn(join(folder, "programs"))) {
    const path = join(folder, "programs", name);
    const fd = openPin(path);
    const { type, id } = programInfo(fd);
    libc().close(fd);
    programs.set(name, { family: familyOfType(type), id, path });
  }
  return programs;
}

function pinsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function mapName(pin: string): string {
  return pin.replace(/@.*$/, "");
}
