import { BPF_LINK_CREATE, bpf } from "./bpf-syscall.ts";
import { type Hook, KernelError } from "./dataplane.ts";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";
import { checked } from "./pins.ts";

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

export interface LinkRequest {
  readonly programFd: number;
  readonly ifindex: number;
  readonly hook: Hook;
  /** In bpffs; the link lives as long as this pin. */
  readonly pinPath: string;
}

/** Attaches a program and pins the link; when that fails, the program is off the device again. */
export function createLink({ programFd, ifindex, hook, pinPath }: LinkRequest): void {
  const operation = `attaching to device ${ifindex} ${hook}`;
  const { attachType, flags } = PLACES[hook];
  const attributes = Buffer.alloc(64);
  attributes.writeUInt32LE(programFd, 0);
  attributes.writeUInt32LE(ifindex, 4);
  attributes.writeUInt32LE(attachType, 8);
  attributes.writeUInt32LE(flags, 12);
  const fd = bpf(BPF_LINK_CREATE, attributes, operation);
  try {
    checked(libbpf().pin(fd, pinPath), operation, "pinning the link");
  } finally {
    libc().close(fd);
  }
}

/** Whether a device of this index is in the namespace of the calling thread. */
export function deviceExists(ifindex: number): boolean {
  const name = Buffer.alloc(16);
  return libc().ifIndexToName(ifindex, name) !== null;
}

/** A program of another tool on the hook shows as EEXIST or EBUSY, depending on its mode. */
export function asBusy(error: unknown): unknown {
  if (!(error instanceof KernelError) || error.code !== "EEXIST") return error;
  return new KernelError(error.operation, "EBUSY", "the device has an XDP program already", {
    cause: error,
  });
}
