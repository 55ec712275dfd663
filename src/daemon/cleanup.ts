import { existsSync } from "node:fs";
import { join } from "node:path";
import { type KernelDataplane, openKernelDataplane } from "../dataplane/kernel.ts";
import { openDevices } from "../dataplane/netlink/devices.ts";
import { onBpffs, removePins } from "../dataplane/pins.ts";
import {
  recirculationNames,
  removeRecirculationDevice,
} from "../dataplane/recirculation-device.ts";
import { entryDevice, madePromiscuousNote } from "../services/engine/entry.ts";
import type { DaemonOptions } from "./options.ts";
import { packageRoot } from "./package-root.ts";

/**
 * Takes out of the kernel all that a daemon with these folders has left there, and tells what that
 * was. The configuration stays. @throws KernelError EBUSY while the daemon runs
 */
export function cleanUp({ pinDirectory }: DaemonOptions): string {
  if (!existsSync(pinDirectory)) {
    removeRecirculationDevice(recirculationNames(pinDirectory));
    return `there is nothing of a yangplaned in ${pinDirectory}`;
  }
  const objectDirectory = join(packageRoot(), "build", "bpf");
  using dataplane = openKernelDataplane({ pinDirectory, objectDirectory });
  const attachments = dataplane.attachments();
  const what = `${dataplane.objects().length} objects and ${attachments.length} attachments`;
  restoreDevices(dataplane);
  for (const { ifindex, hook } of attachments) dataplane.detach(ifindex, hook);
  dataplane.removeRecirculation();
  onBpffs(`removing ${pinDirectory}`, () => removePins(pinDirectory));
  return `took ${what} out of the kernel, and ${pinDirectory}`;
}

/** Devices that a daemon has made promiscuous need not be so any more. */
function restoreDevices(dataplane: KernelDataplane): void {
  using devices = openDevices();
  for (const id of dataplane.objects()) {
    const ifindex = entryDevice(id);
    if (ifindex === undefined || dataplane.noteOf(id) !== madePromiscuousNote) continue;
    if (devices.byIndex(ifindex)) devices.setPromiscuous(ifindex, false);
  }
}
