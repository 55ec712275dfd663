import { dirname } from "node:path";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";
import { type ObjectFolder, openPin } from "./object-folder.ts";
import { mapInfo, mapsOfProgram } from "./object-info.ts";
import { checked, makeFolder } from "./pins.ts";

/** Pins a map again by a pinned program that uses it; does nothing where there is none. */
export function pinMapOfPrograms({ programs }: ObjectFolder, name: string, path: string): void {
  for (const program of programs.values()) {
    const fd = mapOfProgram(program.path, name);
    if (fd === undefined) continue;
    try {
      makeFolder(dirname(path));
      checked(libbpf().pin(fd, path), `pinning ${path}`);
    } finally {
      libc().close(fd);
    }
    return;
  }
}

function mapOfProgram(path: string, name: string): number | undefined {
  const program = openPin(path);
  const ids = mapsOfProgram(program);
  libc().close(program);
  return ids.map((id) => openMapNamed(id, name)).find((fd) => fd !== undefined);
}

function openMapNamed(id: number, name: string): number | undefined {
  const fd = libbpf().mapById(id);
  if (fd < 0) return undefined;
  if (mapInfo(fd).name === name) return fd;
  libc().close(fd);
  return undefined;
}
