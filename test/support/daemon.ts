import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  recirculationNames,
  removeRecirculationDevice,
} from "../../src/dataplane/recirculation-device.ts";
import { ApiClient, loadTypes } from "./api-client.ts";
import { uniqueName } from "./kernel.ts";
import { untilExit } from "./until-exit.ts";

const program = "bin/yangplaned";
const dropPrivileges = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

/** How the daemon is started, beside its folders. */
export interface Start {
  readonly args?: readonly string[];
  /** As a root that may no more than its files allow; the checkout may be where only root reads. */
  readonly powerless?: boolean;
  /** Commands of a shell in a mount namespace of its own, before the daemon takes its place. */
  readonly mounts?: string;
}

/** The folders of a daemon: they outlive it, so that another can go on where it ended. */
export class DaemonHome implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "yangplane-daemon-"));
  readonly socket = join(this.directory, "socket");
  readonly stateDirectory = join(this.directory, "state");
  readonly pinDirectory = join("/sys/fs/bpf", uniqueName("ypd"));
  readonly dataplane: "kernel" | "memory";
  readonly #running = new Set<DaemonProcess>();
  readonly #remove: Disposable;

  constructor(dataplane: "kernel" | "memory") {
    this.dataplane = dataplane;
    this.#remove = untilExit(() => {
      for (const { child } of this.#running) child.kill("SIGKILL");
      if (existsSync(this.pinDirectory)) rmSync(this.pinDirectory, { recursive: true });
      rmSync(this.directory, { recursive: true, force: true });
      if (dataplane === "kernel") removeRecirculationDevice(recirculationNames(this.pinDirectory));
    });
  }

  get args(): string[] {
    const { socket, stateDirectory, dataplane, pinDirectory } = this;
    const pins = dataplane === "kernel" ? ["--pin-dir", pinDirectory] : [];
    return ["--socket", socket, "--state-dir", stateDirectory, "--dataplane", dataplane, ...pins];
  }

  /** Starts the daemon and waits until it serves; throws with what it said if it does not. */
  async start(how: Start = {}): Promise<DaemonProcess> {
    const daemon = this.spawn(how);
    const line = await daemon.firstLine;
    if (line === "yangplaned ready") return daemon;
    await daemon.ended;
    throw new Error(`yangplaned said ${line}: ${daemon.errors}`);
  }

  /** Starts the daemon and does not wait. */
  spawn({ args = [], powerless = false, mounts }: Start = {}): DaemonProcess {
    const line = [...(powerless ? dropPrivileges : []), program, ...this.args, ...args];
    const words = mounts === undefined ? line : inNamespace(mounts, line);
    const child = spawn(words[0] ?? program, words.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    const daemon = new DaemonProcess(child, this.socket);
    this.#running.add(daemon);
    child.once("close", () => this.#running.delete(daemon));
    return daemon;
  }

  [Symbol.dispose](): void {
    this.#remove[Symbol.dispose]();
  }
}

function inNamespace(mounts: string, line: readonly string[]): string[] {
  return ["unshare", "--mount", "sh", "-ec", `${mounts}\nexec "$@"`, "sh", ...line];
}

/** How a process has ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly errors: string;
}

export class DaemonProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** The first line on standard output; undefined if it ends without. */
  readonly firstLine: Promise<string | undefined>;
  readonly ended: Promise<Ended>;
  readonly #socket: string;
  readonly #clients: ApiClient[] = [];
  #errors = "";

  constructor(child: ChildProcess, socket: string) {
    this.child = child;
    this.#socket = socket;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.ended = once(child, "close").then(() => ({
      exitCode: child.exitCode,
      errors: this.#errors,
    }));
    this.firstLine = new Promise((resolve) => {
      if (child.stdout) createInterface(child.stdout).once("line", resolve);
      child.once("close", () => resolve(undefined));
    });
  }

  /** All it has written to standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** A client of the Unix socket, closed with the daemon. */
  client(): ApiClient {
    return this.clientOf((types) => new ApiClient(`unix:${this.#socket}`, types));
  }

  clientOf(open: (types: ReturnType<typeof loadTypes>) => ApiClient): ApiClient {
    const client = open(simplebridgeTypes());
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<Ended> {
    return await this.#end("SIGTERM");
  }

  async kill(): Promise<Ended> {
    return await this.#end("SIGKILL");
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<Ended> {
    this.child.kill(signal);
    const ended = await this.ended;
    for (const { client } of this.#clients.splice(0)) client.close();
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

let types: ReturnType<typeof loadTypes> | undefined;
function simplebridgeTypes(): ReturnType<typeof loadTypes> {
  types ??= loadTypes(["yangplane/simplebridge/v1/simplebridge.proto"]);
  return types;
}
