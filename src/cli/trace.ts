import type { CommandLine } from "./command-line.ts";
import type { Daemon } from "./daemon.ts";
import { ethertypes, protocols } from "./frame-text.ts";
import { exit, print, printErrors, terminalWidth } from "./output.ts";
import type { TraceRequest, TraceStep } from "./trace-step.ts";
import { stepData, TraceView } from "./trace-view.ts";
import { suggestion, UsageError } from "./usage-error.ts";

const filters = ["mac", "ip", "ethertype", "protocol", "port"];
const bounds = ["frames", "seconds"] as const;

/** `trace <cube:port|device> …`: prints what becomes of frames, until there is no more or ^C. */
export async function trace(
  daemon: Pick<Daemon, "trace">,
  line: Pick<CommandLine, "command" | "parameters" | "isPlan" | "format">,
  words: readonly string[],
): Promise<number> {
  const request = traceRequest(line, words);
  const { format = "normal" } = line;
  if (format === "yaml") throw new UsageError("trace prints text, or JSON a line each");
  const view = new TraceView(terminalWidth());
  const seen = new Set<number>();
  const listener = {
    begun: () => printErrors([`tracing ${request.at}; ^C ends it`]),
    step: (step: TraceStep) => {
      seen.add(step.frame);
      print(format === "json" ? [JSON.stringify(stepData(step))] : view.lines(step));
    },
  };
  using interrupted = onInterrupt();
  const lost = await daemon.trace(request, listener, interrupted.signal);
  printErrors([closing(seen.size, lost)]);
  return exit.done;
}

function closing(frames: number, lost: number): string {
  const told = frames === 1 ? "1 frame" : `${frames} frames`;
  return lost === 0 ? told : `${told}; ${lost} steps came too fast and were lost`;
}

/** @throws UsageError */
export function traceRequest(
  { command, parameters, isPlan }: Pick<CommandLine, "command" | "parameters" | "isPlan">,
  [at, ...more]: readonly string[],
): TraceRequest {
  if (command && command !== "show") throw new UsageError(`${command} trace is not possible`);
  if (isPlan) throw new UsageError("a trace changes nothing to plan");
  if (at === undefined) throw new UsageError("trace needs a port, as cube:port, or a device");
  if (more.length > 0) throw new UsageError(`trace ${at} ${more[0]}: one place at a time`);
  const known = [...filters, ...bounds];
  const unknown = [...parameters.keys()].find((name) => !known.includes(name));
  if (unknown) throw new UsageError(`trace has no ${unknown}=${suggestion(unknown, known)}`);
  const filter: Record<string, string | number> = {};
  for (const name of filters) {
    const text = parameters.get(name);
    if (text !== undefined) filter[name] = filterValue(name, text);
  }
  const bound: { frames?: number; seconds?: number } = {};
  for (const name of bounds) {
    const text = parameters.get(name);
    if (text !== undefined) bound[name] = atLeastOne(name, text);
  }
  return { at, filter, ...bound };
}

function filterValue(name: string, text: string): string | number {
  switch (name) {
    case "ethertype":
      return named(name, text, ethertypes);
    case "protocol":
      return named(name, text, protocols);
    case "port":
      return wholeNumber(name, text);
    default:
      return text;
  }
}

/** A name in any case, or a number. */
function named(name: string, text: string, known: Readonly<Record<string, number>>): number {
  const found = Object.keys(known).find((one) => one.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return known[found] ?? 0;
  return wholeNumber(name, text, Object.keys(known));
}

/** The daemon knows which are too large. */
function wholeNumber(name: string, text: string, known: readonly string[] = []): number {
  if (/^(0x[0-9a-f]{1,8}|\d{1,9})$/i.test(text)) return Number(text);
  const names = known.length > 0 ? ` or ${known.join(", ")}` : "";
  throw new UsageError(`${name}=${text}: a number${names} is needed`);
}

/** Left out, the daemon takes its own; 0 would mean the same. */
function atLeastOne(name: string, text: string): number {
  const number = wholeNumber(name, text);
  if (number > 0) return number;
  throw new UsageError(`${name}=${text}: at least 1 is needed`);
}

/** A signal for the first ^C; the second ends the program as usual. */
function onInterrupt(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  process.once("SIGINT", interrupt);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => void process.off("SIGINT", interrupt),
  };
}
