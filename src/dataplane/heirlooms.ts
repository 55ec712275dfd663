import type { CompiledFile } from "./compiled-files.ts";
import type { CompiledObject } from "./compiled-object.ts";
import { libc } from "./libc.ts";
import { copyRows, hasBatches } from "./map-batch.ts";
import { mapPath, type ObjectFolder, openPin, pinName } from "./object-folder.ts";
import { type MapInfo, mapInfo } from "./object-info.ts";

/** A map of an earlier object: the new one uses it too, or at least has its rows. */
interface Heirloom {
  readonly name: string;
  readonly fd: number;
  readonly info: MapInfo;
  readonly isShared: boolean;
}

type Declaration = Omit<MapInfo, "id" | "name">;

export interface Succession {
  readonly from: ObjectFolder;
  readonly compiled: CompiledObject;
  readonly file: CompiledFile;
  /** Maps that are no object's own. */
  readonly common: ReadonlySet<string>;
}

/** The maps of an earlier object whose rows have the form that the new one has for them. */
export class Heirlooms implements Disposable {
  readonly #all: readonly Heirloom[];

  constructor(succession: Succession) {
    const { compiled, common } = succession;
    const own = [...compiled.declarations()].filter(([name]) => !common.has(name));
    this.#all = own.flatMap(([name, declared]) => heirloom(succession, name, declared));
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#all.map(({ name }) => name));
  }

  /** Before the object is loaded. */
  shareWith(compiled: CompiledObject): void {
    for (const { name, fd, isShared } of this.#all) if (isShared) compiled.useMap(name, fd);
  }

  /** Once it is. */
  copyTo(compiled: CompiledObject): void {
    const fds = compiled.mapFds();
    for (const { name, fd, info, isShared } of this.#all) {
      if (!isShared) copyRows(fd, fds.get(name) ?? -1, info);
    }
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#all) libc().close(fd);
  }
}

function heirloom(succession: Succession, name: string, declared: Declaration): Heirloom[] {
  const fd = openHeirloom(succession, name);
  if (fd === undefined) return [];
  const info = mapInfo(fd);
  const isShared = isDeclaredAs(info, declared);
  if (isShared || canTakeRows(declared, info)) return [{ name, fd, info, isShared }];
  libc().close(fd);
  return [];
}

function openHeirloom({ from, file }: Succession, name: string): number | undefined {
  const isAlike = from.pins.get(name) === pinName(name, file.rowForms.get(name));
  return isAlike ? openPin(mapPath(from, name)) : undefined;
}

function isDeclaredAs(info: MapInfo, declared: Declaration): boolean {
  return (
    info.type === declared.type &&
    info.keySize === declared.keySize &&
    info.valueSize === declared.valueSize &&
    info.maxEntries === declared.maxEntries &&
    info.flags === declared.flags
  );
}

function canTakeRows(declared: Declaration, info: MapInfo): boolean {
  return hasBatches(info) && info.type === declared.type && info.maxEntries <= declared.maxEntries;
}
