import { BPF_LINK_CREATE, bpf } from "./bpf-syscall.ts";
import { familyOf, type Hook, KernelError, TakenError } from "./dataplane.ts";
import { type Holder, type HoldRequest, type Place, pinOf, placesIn } from "./holder.ts";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";
import { linkInfo } from "./object-info.ts";
import type { Chain } from "./other-daemons.ts";
import { checked, type PinnedFiles, removePins } from "./pins.ts";

/** enum bpf_attach_type; the headers of libbpf 1.1 end before tcx. */
const BPF_XDP = 37;
const BPF_TCX_INGRESS = 46;
const BPF_TCX_EGRESS = 47;

const XDP_FLAGS_SKB_MODE = 1 << 1;
const XDP_FLAGS_DRV_MODE = 1 << 2;

const PLACES: Readonly<Record<Hook, { attachType: number; flags: number }>> = {
  "tcx-ingress": { attachType: BPF_TCX_INGRESS, flags: 0 },
  "tcx-egress": { attachType: BPF_TCX_EGRESS, flags: 0 },
  "xdp-native": { attachType: BPF_XDP, flags: XDP_FLAGS_DRV_MODE },
  "xdp-generic": { attachType: BPF_XDP, flags: XDP_FLAGS_SKB_MODE },
};

/** An index that no device has: they are counted up from 1. */
const NO_DEVICE = 0x7fffffff;

/** Whether the kernel has tcx, by asking for a link to no device. */
export function hasTcx(programFd: number, operation: string): boolean {
  try {
    bpf(BPF_LINK_CREATE, linkAttributes(programFd, NO_DEVICE, "tcx-ingress"), operation);
  } catch (error) {
    if (error instanceof KernelError && error.code === "ENODEV") return true;
    if (error instanceof KernelError && error.code === "EINVAL") return false;
    throw error;
  }
  throw new KernelError(operation, "EINVAL", "the kernel made a link to no device");
}

/** @throws TakenError where another daemon has the place */
type RefuseOthers = (chain: Chain, operation: string) => void;

/** BPF links, which the kernel itself lets go of when the device goes away. */
export class LinkHolder implements Holder {
  readonly #files: PinnedFiles;
  readonly #folder: string;
  readonly #refuseOthers: RefuseOthers;

  constructor(files: PinnedFiles, folder: string, refuseOthers: RefuseOthers) {
    this.#files = files;
    this.#folder = folder;
    this.#refuseOthers = refuseOthers;
  }

  /** When pinning fails, the program is off the device again. */
  hold({ programFd, ifindex, hook, operation }: HoldRequest): void {
    const { attachType } = PLACES[hook];
    if (familyOf(hook) === "tc") this.#refuseOthers({ ifindex, attachType }, operation);
    const attributes = linkAttributes(programFd, ifindex, hook);
    const fd = asBusy(() => bpf(BPF_LINK_CREATE, attributes, operation));
    try {
      const path = pinOf(this.#folder, { ifindex, hook });
      checked(libbpf().pin(fd, path), operation, "pinning the link");
    } finally {
      libc().close(fd);
    }
  }

  exchange({ programFd, operation, ...place }: HoldRequest): void {
    const link = this.#files.open(pinOf(this.#folder, place));
    checked(libbpf().updateLink(link, programFd, null), operation);
  }

  programAt(place: Place): number | undefined {
    const { ifindex, programId } = linkInfo(this.#files.open(pinOf(this.#folder, place)));
    return ifindex === 0 ? undefined : programId;
  }

  /** Detaches: the kernel itself would do so some time after the last reference is gone. */
  release(place: Place): void {
    const path = pinOf(this.#folder, place);
    const operation = `detaching from device ${place.ifindex} ${place.hook}`;
    checked(libbpf().detachLink(this.#files.open(path)), operation);
    this.#files.forget(path);
    removePins(path);
  }

  places(): Place[] {
    return placesIn(this.#folder);
  }
}

function linkAttributes(programFd: number, ifindex: number, hook: Hook): Buffer {
  const { attachType, flags } = PLACES[hook];
  const attributes = Buffer.alloc(64);
  attributes.writeUInt32LE(programFd, 0);
  attributes.writeUInt32LE(ifindex, 4);
  attributes.writeUInt32LE(attachType, 8);
  attributes.writeUInt32LE(flags, 12);
  return attributes;
}

/** XDP of another tool on the device shows as EEXIST or EBUSY, depending on how it is attached. */
function asBusy<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof KernelError) || cause.code !== "EEXIST") throw cause;
    const { operation } = cause;
    const detail = "the device runs an XDP program of another tool";
    throw new TakenError(operation, "EBUSY", detail, { cause });
  }
}
