import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A bench runs in namespaces of its own: network, mounts and processes. Whatever way it ends, the
 * kernel takes away its devices, pins and processes; only a folder is left for us to remove.
 */

const FOLDER = "YANGPLANE_BENCH_FOLDER";

/** A bench takes less; one that hangs must not load the machine for ever. */
const MINUTES_MAX = 10;

const setUp = [
  // Before what else the machine does; where there are autogroups, sessions are what counts.
  "renice -n -20 $$ >/dev/null",
  "[ ! -w /proc/self/autogroup ] || echo -20 >/proc/self/autogroup",
  "mount -t tmpfs tmpfs /run",
  "mkdir -p /run/netns",
  "mount -t bpf bpf /sys/fs/bpf",
  "ip link set lo up",
  'exec "$@"',
];

/** The folder on disk for what the bench writes; undefined outside of a sandbox. */
export function sandboxFolder(): string | undefined {
  return process.env[FOLDER];
}

/** Runs this program again, in a sandbox; gives its exit status. */
export async function runInSandbox(args: readonly string[]): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error("needs root: it makes namespaces and loads eBPF");
  const folder = mkdtempSync(join(tmpdir(), "yangplane-bench-"));
  try {
    return await exitOf(folder, args);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function exitOf(folder: string, args: readonly string[]): Promise<number> {
  const [node = "", script = ""] = process.argv;
  const flags = ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const again = [node, ...process.execArgv, script, ...args];
  const child = spawn("unshare", [...flags, "sh", "-ec", setUp.join("\n"), "sh", ...again], {
    // A session of its own; it ends when the channel to us does.
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, [FOLDER]: folder },
  });
  const kill = (): void => void child.kill("SIGKILL");
  const timer = setTimeout(kill, MINUTES_MAX * 60_000);
  // The first process of a PID namespace does not hear of signals it has no handler for.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, kill);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}
