import { frameText } from "./frame-text.ts";
import { paragraph } from "./table.ts";
import type { TraceStep, TraceTarget } from "./trace-step.ts";

const nsPerMicrosecond = 1000n;

/** What is known of a frame that steps were printed of. */
interface Told {
  readonly beganNs: bigint;
  readonly text: string;
}

/**
 * The steps of a trace as lines: each frame has a heading, and below it who decided what after how
 * long. Steps of frames that come at the same time are told as they come, below a heading each.
 */
export class TraceView {
  readonly #width: number | undefined;
  readonly #told = new Map<number, Told>();
  #current = 0;

  constructor(width: number | undefined) {
    this.#width = width;
  }

  lines(step: TraceStep): string[] {
    const text = frameText(step.head);
    const told = this.#told.get(step.frame);
    const { beganNs } = told ?? { beganNs: step.timeNs };
    const heading = this.#heading(step, told, text);
    this.#current = step.frame;
    this.#told.set(step.frame, { beganNs, text });
    const after = `+${(step.timeNs - beganNs) / nsPerMicrosecond} µs`;
    const lines = [...heading, `  ${after.padStart(10)}  ${deed(step)}`];
    // A cube may have rewritten it.
    if (told && told.text !== text)
      lines.push(...paragraph(`${" ".repeat(14)}as ${text}`, this.#width));
    return lines;
  }

  #heading({ frame, timeNs, length }: TraceStep, told: Told | undefined, text: string): string[] {
    if (told) return frame === this.#current ? [] : [`frame ${frame} …`];
    const about = `frame ${frame}, ${clock(timeNs)}, ${length} bytes: ${text}`;
    return paragraph(about, this.#width);
  }
}

function deed({ event, cube, target, reason }: TraceStep): string {
  const who = cube === "" ? "" : `${cube} `;
  switch (event) {
    case "entered":
      return `comes to ${place(target)}`;
    case "sent":
      return `${who}sends it to ${place(target)}`;
    case "copied":
      return `${who}sends a copy to ${place(target)}`;
    case "punted":
      return `${who}hands it to the daemon`;
    case "dropped":
      return `${who === "" ? "is dropped" : `${who}drops it`}: ${reason}`;
  }
}

function place(target: TraceTarget | undefined): string {
  switch (target?.kind) {
    case "cube":
      return target.port === "" ? `${target.cube} (${target.way})` : target.port;
    case "device":
      return target.port === "" ? target.device : `${target.device} (${target.port})`;
    case "stack":
      return `the host, as from ${target.device}`;
    default:
      return "nothing";
  }
}

/** `14:03:21.123456`, in local time. */
function clock(timeNs: bigint): string {
  const time = new Date(Number(timeNs / 1_000_000n));
  const two = (number: number) => String(number).padStart(2, "0");
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two);
  const micros = String((timeNs / nsPerMicrosecond) % 1_000_000n).padStart(6, "0");
  return `${parts.join(":")}.${micros}`;
}

/** A step as data: what does not apply is left out. */
export function stepData({ timeNs, head, target, cube, reason, ...step }: TraceStep): unknown {
  const seconds = new Date(Number(timeNs / 1_000_000n)).toISOString().replace(/\.\d+Z$/, "");
  const nanos = String(timeNs % 1_000_000_000n).padStart(9, "0");
  return {
    ...step,
    time: `${seconds}.${nanos}Z`,
    ...(cube && { cube }),
    ...(target && { target: targetData(target) }),
    ...(reason && { reason }),
    head: Buffer.from(head).toString("hex"),
  };
}

function targetData({ way, ...target }: TraceTarget): unknown {
  const named = way === "unspecified" ? target : { ...target, way };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ""));
}
