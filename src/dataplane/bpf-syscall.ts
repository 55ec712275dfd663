import { KernelError } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { lastErrno, libc } from "./libc.ts";

/** Commands that libbpf 1.1 does not offer in the form needed. */
export const BPF_PROG_TEST_RUN = 10;
export const BPF_PROG_QUERY = 16;
export const BPF_LINK_CREATE = 28;
export const BPF_ITER_CREATE = 33;

const SYSTEM_CALL_NUMBERS: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 321,
  arm64: 280,
  riscv64: 280,
};

/** bpf(2) with the attributes laid out as the UAPI's union bpf_attr; the result is ≥ 0. */
export function bpf(command: number, attributes: Uint8Array, operation: string): number {
  const number = SYSTEM_CALL_NUMBERS[process.arch];
  if (number === undefined) throw new KernelError(operation, "ENOSYS", `on ${process.arch}`);
  const result = libc().bpf(number, command, attributes, attributes.length);
  if (result < 0) throw new KernelError(operation, errnoName(lastErrno()));
  return result;
}
