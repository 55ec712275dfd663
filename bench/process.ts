import type { ChildProcess } from "node:child_process";

/** All that a process prints, when it has ended well. @throws Error with its exit status */
export function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${child.spawnargs.join(" ")}: status ${code}\n${output}`));
    });
  });
}

/** Waits until a process has printed the text. @throws Error if it ends without, or takes 20 s */
export function printed(child: ChildProcess, text: string): Promise<void> {
  let output = "";
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`${child.spawnargs.join(" ")}: no "${text}"`));
    const timer = setTimeout(fail, 20_000);
    child.once("close", fail);
    child.once("error", reject);
    child.stdout?.on("data", (bytes: Buffer | string) => {
      output += bytes.toString();
      if (!output.includes(text)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Ends a process and waits until it is gone. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill(signal);
  await closed;
}
