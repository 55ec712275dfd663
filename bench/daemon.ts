import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "./client.ts";
import { ended, printed } from "./process.ts";

const program = fileURLToPath(new URL("../bin/yangplaned", import.meta.url));
const monitor = new URL("loop-monitor.mjs", import.meta.url).href;

/** Where a daemon of that name pins. */
export function pinFolder(name: string): string {
  return join("/sys/fs/bpf", name);
}

/** A daemon as users start it, in a process of its own. */
export class Daemon implements AsyncDisposable {
  readonly client: Client;
  readonly #child: ChildProcess;
  readonly startedMs: number;

  private constructor(
    child: ChildProcess,
    { socket, startedMs }: { socket: string; startedMs: number },
  ) {
    this.#child = child;
    this.startedMs = startedMs;
    this.client = new Client(socket);
  }

  /**
   * The name is that of its folders, where another daemon of that name goes on; `watched` lets
   * `longestHoldUpMs` work.
   */
  static async start(
    folder: string,
    name: string,
    { watched = false, more = [] }: { watched?: boolean; more?: readonly string[] } = {},
  ): Promise<Daemon> {
    const socket = join(folder, `${name}.sock`);
    const options = ["--socket", socket, "--state-dir", join(folder, name)];
    const args = [program, ...options, "--pin-dir", pinFolder(name), ...more];
    const logFile = join(folder, `${name}.log`);
    const log = openSync(logFile, "w");
    const started = performance.now();
    const child = spawn(process.execPath, watched ? ["--import", monitor, ...args] : args, {
      stdio: ["ignore", "pipe", log, ...(watched ? ["ipc" as const] : [])],
    });
    closeSync(log);
    try {
      await printed(child, "yangplaned ready");
    } catch (cause) {
      throw new Error(readFileSync(logFile, "utf8"), { cause });
    }
    return new Daemon(child, { socket, startedMs: performance.now() - started });
  }

  get openFiles(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  get residentMebibytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }

  /** The longest time the event loop was held up while the action ran. */
  async longestHoldUpMs(action: () => Promise<void>): Promise<number> {
    await this.#ask("start");
    await action();
    return Number(await this.#ask("read"));
  }

  /** Leaves what is in the kernel as it is. */
  async kill(): Promise<void> {
    this.client.close();
    await ended(this.#child, "SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await ended(this.#child, "SIGTERM");
  }

  #ask(question: string): Promise<unknown> {
    return new Promise((resolve) => {
      this.#child.once("message", resolve);
      this.#child.send(question);
    });
  }
}
