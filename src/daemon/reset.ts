import type { Dataplane } from "../dataplane/dataplane.ts";

/**
 * Takes away what an earlier daemon left in the kernel, so that the restored configuration finds
 * nothing in its way: attachments, then programs, then objects.
 */
export function resetDataplane(dataplane: Dataplane): void {
  for (const { ifindex, hook } of dataplane.attachments()) dataplane.detach(ifindex, hook);
  for (const { family, slot } of dataplane.programs()) dataplane.clearProgram(family, slot);
  for (const id of dataplane.objects()) dataplane.unloadObject(id);
}
