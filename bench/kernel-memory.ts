import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { libbpf } from "../src/dataplane/libbpf.ts";
import { libc } from "../src/dataplane/libc.ts";

/** MiB of the maps and programs that are pinned below a folder, as the kernel counts them. */
export function pinnedMebibytes(folder: string): number {
  const sizes = new Map<string, number>();
  for (const { name, parentPath } of pins(folder)) {
    const { id, bytes } = memoryOf(join(parentPath, name));
    if (id !== undefined) sizes.set(id, bytes);
  }
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return bytes / 2 ** 20;
}

function pins(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
}

/** Links have neither; a map that several objects share is one map. */
function memoryOf(pin: string): { readonly id: string | undefined; readonly bytes: number } {
  const fd = libbpf().openPin(pin);
  try {
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
    const bytes = Number(/^memlock:\s*(\d+)$/m.exec(text)?.[1] ?? 0);
    return { id: /^(?:map|prog)_id:\s*\d+$/m.exec(text)?.[0], bytes };
  } finally {
    libc().close(fd);
  }
}
