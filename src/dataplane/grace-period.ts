import { KernelError } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { lastErrno, libc } from "./libc.ts";

const SYSTEM_CALL_NUMBERS: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 324,
  arm64: 283,
  riscv64: 283,
};

/** uapi/linux/membarrier.h */
const MEMBARRIER_CMD_GLOBAL = 1;
const EINVAL = 22;

/**
 * Returns when all RCU readers of now have ended, programs on devices among them: membarrier(2) is
 * synchronize_rcu() in the kernel. A kernel with nohz_full offers none; then nobody has waited.
 */
export function awaitGracePeriod(): void {
  const operation = "waiting for frames that are under way";
  const number = SYSTEM_CALL_NUMBERS[process.arch];
  if (number === undefined) throw new KernelError(operation, "ENOSYS", `on ${process.arch}`);
  const result = libc().syscall(number, MEMBARRIER_CMD_GLOBAL, new Uint8Array(1), 0);
  if (result < 0 && lastErrno() !== EINVAL)
    throw new KernelError(operation, errnoName(lastErrno()));
}
