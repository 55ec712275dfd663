import { readdirSync } from "node:fs";
import { join } from "node:path";
import { BPF_LINK_CREATE, bpf } from "./bpf-syscall.ts";
import { type Attachment, excludes, type Hook, KernelError } from "./dataplane.ts";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";
import { linkInfo } from "./object-info.ts";
import { checked, onBpffs, type PinnedFiles, removePins } from "./pins.ts";

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

const HOOKS: readonly Hook[] = ["tcx-ingress", "tcx-egress", "xdp-native", "xdp-generic"];

/** What a program is part of. */
type Resident = Pick<Attachment, "objectId" | "program">;

/**
 * Programs on devices. Each is held by a link, and the link by its pin `<ifindex>-<hook>`: so they
 * go on running without the daemon, and the kernel lets go of them when the device goes away.
 */
export class PinnedLinks {
  readonly #files: PinnedFiles;
  readonly #folder: string;
  readonly #attachments = new Map<string, Attachment>();

  constructor(files: PinnedFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  create(attachment: Attachment, programFd: number): void {
    const { ifindex, hook, objectId, program } = attachment;
    const operation = `attaching ${program} of ${objectId} to device ${ifindex} ${hook}`;
    if (!deviceExists(ifindex)) throw new KernelError(operation, "ENODEV");
    this.#makePlace(attachment, operation);
    const path = this.#pathOf(ifindex, hook);
    createLink({ programFd, ifindex, hook, path, operation });
    this.#attachments.set(path, attachment);
  }

  remove(ifindex: number, hook: Hook): void {
    const operation = `detaching from device ${ifindex} ${hook}`;
    const path = this.#pathOf(ifindex, hook);
    if (!this.#attachments.has(path)) {
      throw new KernelError(operation, "ENOENT", "nothing attached");
    }
    onBpffs(operation, () => this.#unpin(path));
  }

  attachments(): Attachment[] {
    const alive = [...this.#attachments].filter(([path]) => this.#isAlive(path));
    return alive.map(([, attachment]) => attachment);
  }

  /** Learns what an earlier daemon left; clears away what belongs to no device or object. */
  restore(residentOf: (programId: number) => Resident | undefined): void {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      const { ifindex, programId } = linkInfo(this.#files.open(path));
      const resident = residentOf(programId);
      const hook = HOOKS.find((each) => name.endsWith(`-${each}`));
      if (ifindex === 0 || !resident || !hook) this.#unpin(path);
      else this.#attachments.set(path, { ifindex, hook, ...resident });
    }
  }

  /** Refuses a hook that is taken, and clears what a device that is gone left there. */
  #makePlace(wanted: Attachment, operation: string): void {
    for (const [path, other] of this.#attachments) {
      if (!excludes(other, wanted)) continue;
      if (this.#isAlive(path)) {
        const taken = `${other.hook} has ${other.program} of ${other.objectId}`;
        throw new KernelError(operation, "EBUSY", taken);
      }
      onBpffs(operation, () => this.#unpin(path));
    }
  }

  #isAlive(path: string): boolean {
    return linkInfo(this.#files.open(path)).ifindex !== 0;
  }

  /** Detaches at once: the kernel itself would do so some time after the last reference is gone. */
  #unpin(path: string): void {
    libbpf().detachLink(this.#files.open(path));
    this.#files.forget(path);
    removePins(path);
    this.#attachments.delete(path);
  }

  #pathOf(ifindex: number, hook: Hook): string {
    return join(this.#folder, `${ifindex}-${hook}`);
  }
}

interface LinkRequest {
  readonly programFd: number;
  readonly ifindex: number;
  readonly hook: Hook;
  readonly path: string;
  readonly operation: string;
}

/** When pinning fails, the program is off the device again. */
function createLink({ programFd, ifindex, hook, path, operation }: LinkRequest): void {
  const { attachType, flags } = PLACES[hook];
  const attributes = Buffer.alloc(64);
  attributes.writeUInt32LE(programFd, 0);
  attributes.writeUInt32LE(ifindex, 4);
  attributes.writeUInt32LE(attachType, 8);
  attributes.writeUInt32LE(flags, 12);
  const fd = asBusy(() => bpf(BPF_LINK_CREATE, attributes, operation));
  try {
    checked(libbpf().pin(fd, path), operation, "pinning the link");
  } finally {
    libc().close(fd);
  }
}

/** Whether a device of this index is in the namespace of the calling thread. */
function deviceExists(ifindex: number): boolean {
  const name = Buffer.alloc(16);
  return libc().ifIndexToName(ifindex, name) !== null;
}

/** XDP of another tool on the device shows as EEXIST or EBUSY, depending on how it is attached. */
function asBusy<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof KernelError) || cause.code !== "EEXIST") throw cause;
    const { operation } = cause;
    const detail = "the device runs an XDP program of another tool";
    throw new KernelError(operation, "EBUSY", detail, { cause });
  }
}
