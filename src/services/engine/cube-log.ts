import type { Dataplane } from "../../dataplane/dataplane.ts";
import { type LogRecord, logLevel, logRecord, way } from "../../gen/bpf/core.ts";
import { recirculationObject } from "../../gen/bpf/recirculation.ts";
import { be16, u64 } from "../../lib/codec.ts";
import { formatIpAddress } from "../../lib/ip.ts";
import { macText } from "../../lib/mac.ts";
import type { LogLine } from "../cube-reader.ts";
import type { CubeRuntime } from "./cube.ts";
import type { LoadedCubes } from "./loaded-cubes.ts";

const { logs } = recirculationObject.maps;

/** A line that a cube has for the log of the daemon. */
export interface CubeLine extends LogLine {
  readonly service: string;
  readonly cube: string;
  /** Lines of the cube before it that came too fast to be told. */
  readonly lost?: number;
}

export interface CubeLogParts {
  /** The object on the recirculation device, which has the ring buffer too. */
  readonly objectId: string;
  readonly dataplane: Dataplane;
  readonly loaded: LoadedCubes;
  readonly onLine: (line: CubeLine) => void;
}

/** Tells the lines that programs write by cube_log (bpf/include/log.h). */
export function followLogs({ objectId, dataplane, loaded, onLine }: CubeLogParts): Disposable {
  const losses = new Losses();
  return dataplane.subscribe(objectId, logs.name, (bytes) => {
    const record = logRecord.decode(bytes);
    const cube = loaded.bySlot(record.slot);
    const { level } = record;
    if (cube === undefined || level === "off") return;
    const lost = losses.since(cube, record);
    onLine({ ...lineOf(cube, { level, text: logText(record) }), ...(lost > 0 && { lost }) });
  });
}

export function lineOf({ list, name }: CubeRuntime, line: LogLine): CubeLine {
  return { service: list.name, cube: name, ...line };
}

/** Whether a cube that logs at a level tells a line. */
export function isTold(loglevel: string | undefined, { level }: LogLine): boolean {
  const least = logLevel[(loglevel ?? "INFO").toLowerCase() as keyof typeof logLevel];
  return logLevel[level] <= least;
}

/** What a record says, with its arguments in place of the percent signs. */
export function logText({ text, args }: Pick<LogRecord, "text" | "args">): string {
  const end = text.indexOf(0);
  const format = Buffer.from(text.subarray(0, end < 0 ? text.length : end)).toString("latin1");
  let next = 0;
  return format.replace(/%([%udxIPMW])/g, (_, form: string) => {
    if (form === "%") return "%";
    const arg = args[next] ?? 0n;
    next += 1;
    return argumentText(form, arg);
  });
}

function argumentText(form: string, arg: bigint): string {
  const bytes = u64.encode(arg);
  if (form === "d") return String(BigInt.asIntN(32, arg));
  if (form === "x") return arg.toString(16);
  if (form === "I") return formatIpAddress(bytes.subarray(0, 4));
  if (form === "W") return BigInt(way.egress) === arg ? "EGRESS" : "INGRESS";
  if (form === "P") return String(be16.decode(bytes));
  return form === "M" ? macText(bytes.subarray(0, 6)) : String(arg);
}

/** How many lines were lost since those that were told last; the programs count from the first. */
class Losses {
  readonly #known = new WeakMap<CubeRuntime, Map<number, bigint>>();

  since(cube: CubeRuntime, { cpu, lost }: LogRecord): number {
    const byCpu = this.#known.get(cube) ?? new Map<number, bigint>();
    this.#known.set(cube, byCpu);
    const before = byCpu.get(cpu);
    byCpu.set(cpu, lost);
    // Before the first there may have been an earlier daemon, which has told of them.
    return before === undefined ? 0 : Number(lost - before);
  }
}
