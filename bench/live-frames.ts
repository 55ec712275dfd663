import koffi from "koffi";
import { BPF_PROG_TEST_RUN, bpf } from "../src/dataplane/bpf-syscall.ts";
import { libbpf } from "../src/dataplane/libbpf.ts";
import { libc } from "../src/dataplane/libc.ts";

const BPF_F_TEST_XDP_LIVE_FRAMES = 2;
/** union bpf_attr, as far as the command goes, and struct xdp_md. */
const ATTRIBUTES_SIZE = 80;
const CONTEXT_SIZE = 24;

export interface LiveFrames {
  /** Pin of the XDP program that gets them. */
  readonly program: string;
  /** The device they seem to have come in by. */
  readonly ifindex: number;
  readonly frame: Uint8Array;
  readonly count: number;
}

/**
 * Lets the kernel make frames and receive them on a device: nothing is spent on a sender. Blocks
 * until they are through the stack; gives how many nanoseconds that took.
 */
export function receiveLiveFrames({ program, ifindex, frame, count }: LiveFrames): number {
  const context = Buffer.alloc(CONTEXT_SIZE);
  context.writeUInt32LE(frame.length, 4);
  context.writeUInt32LE(ifindex, 12);
  const data = Buffer.from(frame);
  const attributes = Buffer.alloc(ATTRIBUTES_SIZE);
  const fd = libbpf().openPin(program);
  attributes.writeUInt32LE(fd, 0);
  attributes.writeUInt32LE(data.length, 8);
  attributes.writeBigUInt64LE(koffi.address(data), 16);
  attributes.writeUInt32LE(count, 32);
  attributes.writeUInt32LE(context.length, 40);
  attributes.writeBigUInt64LE(koffi.address(context), 48);
  attributes.writeUInt32LE(BPF_F_TEST_XDP_LIVE_FRAMES, 64);
  const started = process.hrtime.bigint();
  try {
    bpf(BPF_PROG_TEST_RUN, attributes, "receiving live frames");
    return Number(process.hrtime.bigint() - started);
  } finally {
    libc().close(fd);
  }
}
