import { fstatSync } from "node:fs";
import type { Readable } from "node:stream";
import { DuplicateMemberError, parseJson } from "../lib/json.ts";
import { isNestedTooDeep, tooDeep } from "./nesting.ts";
import { UsageError } from "./usage-error.ts";
import { parseYaml } from "./yaml-text.ts";

/**
 * The body a command is given on standard input. A file is always read. A pipe may be one that
 * nobody will ever write to or close (ssh, cron, a parent that forgot): unless the command makes no
 * sense without a body or `-` asks to wait, a pipe that stays silent is given up with a warning.
 */

const silenceMs = 1000;
const inputMibMax = 64;

export interface InputNeeds {
  /** Wait for ever. */
  readonly isNeeded: boolean;
  /** Look at a pipe at all: without parameters. */
  readonly isWelcome: boolean;
}

/** The text, undefined where there is none. */
export async function readInput(needs: InputNeeds): Promise<string | undefined> {
  const kind = inputKind();
  const isOpen = needs.isNeeded || kind === "file" || (needs.isWelcome && kind === "pipe");
  if (!isOpen || kind === "terminal") return undefined;
  const isPatient = needs.isNeeded || kind === "file";
  const text = await collect(process.stdin, isPatient);
  return text?.trim() === "" ? undefined : text;
}

function inputKind(): "file" | "pipe" | "terminal" | "none" {
  if (process.stdin.isTTY) return "terminal";
  try {
    const stat = fstatSync(0);
    if (stat.isFile()) return "file";
    return stat.isFIFO() || stat.isSocket() ? "pipe" : "none";
  } catch {
    // Standard input is closed.
    return "none";
  }
}

async function collect(stream: Readable, isPatient: boolean): Promise<string | undefined> {
  let isSilent = true;
  const timer = setTimeout(() => {
    if (!isSilent || isPatient) return;
    process.stderr.write(
      "warning: standard input stays silent; going on without (- waits for it)\n",
    );
    stream.destroy();
  }, silenceMs);
  try {
    return await readBounded(stream, () => {
      isSilent = false;
    });
  } catch (error) {
    if (!isGivenUp(error)) throw error;
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function readBounded(stream: Readable, heard: () => void): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    heard();
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > inputMibMax * 2 ** 20) {
      throw new UsageError(`the input is larger than ${inputMibMax} MiB`);
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What iterating a stream throws after `destroy`. */
function isGivenUp(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** JSON or YAML as data, see PlainScalar. @throws UsageError saying where it goes wrong */
export async function parseInput(text: string): Promise<unknown> {
  if (isNestedTooDeep(text)) throw tooDeep();
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof DuplicateMemberError) {
      throw new UsageError(`the input has members given twice: ${error.places.join(", ")}`);
    }
    // YAML contains JSON, but says less well what is wrong with it.
    const culprit = /^\s*[[{]/.test(text) ? (error as Error) : undefined;
    return await yamlOr(text, culprit);
  }
}

async function yamlOr(text: string, culprit: Error | undefined): Promise<unknown> {
  try {
    return await parseYaml(text);
  } catch (error) {
    if (culprit === undefined || !(error instanceof UsageError)) throw error;
    throw new UsageError(`the input is not JSON: ${culprit.message.split("\n")[0]}`);
  }
}
