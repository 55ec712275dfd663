import { KernelError } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { lastErrno, libc } from "./libc.ts";

const SYSTEM_CALL_NUMBERS: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 324,
  arm64: 283,
  riscv64: 283,
};

/** uapi/linux/membarrier.h */
const MEMBARRIER_CMD_QUERY = 0;
const MEMBARRIER_CMD_GLOBAL = 1;

/**
 * Returns when all RCU readers of now have ended, programs on devices among them: membarrier(2) is
 * synchronize_rcu() in the kernel. A kernel with nohz_full offers none; then nobody has waited.
 */
export function awaitGracePeriod(): void {
  if (isOffered()) membarrier(MEMBARRIER_CMD_GLOBAL);
}

export function isOffered(): boolean {
  return (membarrier(MEMBARRIER_CMD_QUERY) & MEMBARRIER_CMD_GLOBAL) !== 0;
}

function membarrier(command: number): number {
  const operation = "waiting for frames that are under way";
  const number = SYSTEM_CALL_NUMBERS[process.arch];
  if (number === undefined) throw new KernelError(operation, "ENOSYS", `on ${process.arch}`);
  const result = libc().membarrier(number, command, 0, 0);
  if (result < 0) throw new KernelError(operation, errnoName(lastErrno()));
  return result;
}
