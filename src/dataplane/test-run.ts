import koffi from "koffi";
import { BPF_PROG_TEST_RUN, bpf } from "./bpf-syscall.ts";

/** The packet may grow by so much. */
const HEADROOM = 512;
/** struct __sk_buff and struct xdp_md are smaller. */
const CONTEXT_SIZE_MAX = 256;

export interface TestRunInput {
  readonly data: Uint8Array;
  /** struct __sk_buff or struct xdp_md; only what the kernel lets a test set may be non-zero. */
  readonly context?: Uint8Array;
  readonly repeat?: number;
}

export interface TestRunResult {
  /** What the program returned: TC_ACT_* or XDP_*. */
  readonly verdict: number;
  readonly data: Uint8Array;
  readonly context: Uint8Array;
  /** Mean of the repetitions. */
  readonly durationNs: number;
}

/** Runs a program on a packet that no device sees. */
export function testRun(programFd: number, input: TestRunInput): TestRunResult {
  const dataIn = Buffer.from(input.data);
  const dataOut = Buffer.alloc(input.data.length + HEADROOM);
  const contextIn = Buffer.from(input.context ?? []);
  const contextOut = Buffer.alloc(contextIn.length > 0 ? CONTEXT_SIZE_MAX : 0);
  const attributes = Buffer.alloc(80);
  attributes.writeUInt32LE(programFd, 0);
  attributes.writeUInt32LE(dataIn.length, 8);
  attributes.writeUInt32LE(dataOut.length, 12);
  writeAddress(attributes, 16, dataIn);
  writeAddress(attributes, 24, dataOut);
  attributes.writeUInt32LE(input.repeat ?? 1, 32);
  attributes.writeUInt32LE(contextIn.length, 40);
  attributes.writeUInt32LE(contextOut.length, 44);
  writeAddress(attributes, 48, contextIn);
  writeAddress(attributes, 56, contextOut);
  bpf(BPF_PROG_TEST_RUN, attributes, "running a program on a test packet");
  return {
    verdict: attributes.readUInt32LE(4),
    data: Uint8Array.from(dataOut.subarray(0, attributes.readUInt32LE(12))),
    context: Uint8Array.from(contextOut.subarray(0, attributes.readUInt32LE(44))),
    durationNs: attributes.readUInt32LE(36),
  };
}

function writeAddress(attributes: Buffer, offset: number, bytes: Buffer): void {
  if (bytes.length > 0) attributes.writeBigUInt64LE(koffi.address(bytes), offset);
}
