import type { Dataplane, Devices } from "../dataplane/dataplane.ts";
import { entryDevice, madePromiscuousNote } from "../services/engine/wiring.ts";

/**
 * Takes away what an earlier daemon left in the kernel, so that the restored configuration finds
 * nothing in its way: attachments, then programs, then objects. Devices that it had made
 * promiscuous are as before.
 */
export function resetDataplane(dataplane: Dataplane, devices: Devices): void {
  for (const { ifindex, hook } of dataplane.attachments()) dataplane.detach(ifindex, hook);
  for (const { family, slot } of dataplane.programs()) dataplane.clearProgram(family, slot);
  for (const id of dataplane.objects()) {
    const ifindex = entryDevice(id);
    const isMade = dataplane.loadedRequest(id)?.note === madePromiscuousNote;
    if (isMade && ifindex !== undefined && devices.byIndex(ifindex)) {
      devices.setPromiscuous(ifindex, false);
    }
    dataplane.unloadObject(id);
  }
}
