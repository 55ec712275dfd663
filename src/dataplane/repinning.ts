import { dirname } from "node:path";
import { libbpf } from "./libbpf.ts";
import { type ObjectFolder, openPin } from "./object-folder.ts";
import { mapInfo, mapsOfProgram } from "./object-info.ts";
import { checked, makeFolder, withFd } from "./pins.ts";

/** Pins a map again by a pinned program that uses it; does nothing where there is none. */
export function pinMapOfPrograms({ programs }: ObjectFolder, name: string, path: string): void {
  for (const program of programs.values()) {
    const ids = withFd(openPin(program.path), mapsOfProgram) ?? [];
    if (ids.some((id) => pinIfNamed(id, name, path))) return;
  }
}

function pinIfNamed(id: number, name: string, path: string): boolean {
  const isPinned = withFd(libbpf().mapById(id), (map) => {
    if (mapInfo(map).name !== name) return false;
    makeFolder(dirname(path));
    checked(libbpf().pin(map, path), `pinning ${path}`);
    return true;
  });
  return isPinned ?? false;
}
