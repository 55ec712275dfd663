import { type ChildProcess, spawn } from "node:child_process";

/** A shell that is typed into, as a person would, in network and mount namespaces of its own. */
export class Shell implements AsyncDisposable {
  readonly #child: ChildProcess;
  #output = "";
  #onOutput: () => void = () => {};

  constructor() {
    // Job control lets `kill %1` work; the tmpfs keep what is made in /run and /var/lib apart.
    const setUp = [
      "mount -t tmpfs tmpfs /run",
      "mount -t tmpfs tmpfs /var/lib",
      "mkdir -p /run/netns",
      "mount -t bpf bpf /sys/fs/bpf",
      "ip link set lo up",
      "exec bash -m",
    ];
    this.#child = spawn(
      "unshare",
      [
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--mount-proc",
        "--kill-child",
        "sh",
        "-ec",
        setUp.join("\n"),
      ],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        this.#onOutput();
      });
    }
    this.#child.on("close", () => this.#onOutput());
  }

  /** Everything printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Types the lines, waits until they are done, and gives the exit status of the last one. */
  async type(lines: string): Promise<number> {
    const marker = `done-${this.#output.length}`;
    this.#child.stdin?.write(`${lines}\necho ${marker} $?\n`);
    const [, status] = await this.waitFor(new RegExp(`^${marker} (\\d+)$`, "m"));
    return Number(status);
  }

  /** @throws Error with the output if the shell ends or nothing like it comes in time. */
  waitFor(pattern: RegExp, deadlineMs = 60_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}: ${pattern}\n${this.#output}`));
      const timer = setTimeout(() => fail("no output like this in time"), deadlineMs);
      this.#onOutput = () => {
        const match = pattern.exec(this.#output);
        if (match === null && this.#child.exitCode === null) return;
        clearTimeout(timer);
        if (match === null) fail("the shell ended without");
        else resolve(match);
      };
      this.#onOutput();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    if (this.#child.exitCode !== null) return;
    this.#child.kill("SIGKILL");
    await closed;
  }
}
