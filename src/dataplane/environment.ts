import { existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { KernelError } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { lastErrno, libc } from "./libc.ts";

const BPFFS = "/sys/fs/bpf";
const BPFFS_MAGIC = 0xcafe4a11;
const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

/** Bits of a capability set (capabilities(7)). */
const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;
const CAP_BPF = 39n;

/** What the kernel data plane needs of the machine and of the user who starts it. */
export interface Environment {
  readonly capabilities: bigint;
  readonly hasKernelBtf: boolean;
}

/** What is missing, each with its remedy; empty if the data plane can start. */
export function missingFrom({ capabilities, hasKernelBtf }: Environment): string[] {
  const has = (capability: bigint) => (capabilities & (1n << capability)) !== 0n;
  const missing: string[] = [];
  if (!has(CAP_SYS_ADMIN)) {
    if (!has(CAP_BPF)) missing.push("CAP_BPF (loading programs)");
    if (!has(CAP_NET_ADMIN)) missing.push("CAP_NET_ADMIN (attaching programs to devices)");
  }
  if (!hasKernelBtf) missing.push(`${KERNEL_BTF} (a kernel built with CONFIG_DEBUG_INFO_BTF)`);
  return missing;
}

/** Throws a KernelError that names everything missing; mounts bpffs where it usually is. */
export function requireEnvironment(pinDirectory: string): void {
  const missing = missingFrom({
    capabilities: effectiveCapabilities(),
    hasKernelBtf: existsSync(KERNEL_BTF),
  });
  if (missing.length > 0) refuse("EPERM", `missing ${missing.join(", ")}`);
  if (isBpffs(pinDirectory)) return;
  if (!`${pinDirectory}/`.startsWith(`${BPFFS}/`)) {
    refuse("EINVAL", `${pinDirectory} is on no bpf file system: mount -t bpf bpf <folder>`);
  }
  if (libc().mount("bpf", BPFFS, "bpf", 0, null) < 0) {
    refuse(errnoName(lastErrno()), `${BPFFS} is not mounted and CAP_SYS_ADMIN is missing to do so`);
  }
}

function effectiveCapabilities(): bigint {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return BigInt(`0x${line?.[1] ?? "0"}`);
}

function isBpffs(path: string): boolean {
  let existing = path;
  while (!existsSync(existing)) existing = dirname(existing);
  return statfsSync(existing).type === BPFFS_MAGIC;
}

function refuse(code: string, detail: string): never {
  const alternative = "without a kernel: --dataplane memory";
  throw new KernelError("opening the kernel data plane", code, `${detail}; ${alternative}`);
}
