import type { Attachments } from "./attachments.ts";
import { KernelError } from "./dataplane.ts";
import type { JumpTable } from "./jump-table.ts";

export interface Uses {
  readonly tables: Iterable<JumpTable>;
  readonly attachments: Attachments;
}

/** @throws KernelError EBUSY where a program of the object is what packets get to */
export function refuseUsed(id: string, operation: string, { tables, attachments }: Uses): void {
  for (const table of tables) {
    const used = table.ofObject(id);
    if (used === undefined) continue;
    const place = `program ${used.program} is in ${table.family} slot ${used.slot}`;
    throw new KernelError(operation, "EBUSY", place);
  }
  const used = attachments.ofObject(id);
  if (used === undefined) return;
  const place = `program ${used.program} is attached to device ${used.ifindex}`;
  throw new KernelError(operation, "EBUSY", place);
}
