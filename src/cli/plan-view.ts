import type { PlanStep } from "./daemon.ts";
import { tableLines } from "./table.ts";

/** The map writes and attachments an edit would cause, a line each, and their number. */
export function planLines(steps: readonly PlanStep[], width: number | undefined): string[] {
  if (steps.length === 0) return ["nothing would change in the data plane"];
  const header = ["cube", "operation", "target", "key", "value", "because of"];
  const rows = steps.map(({ cube, operation, target, key, value, cause }) => [
    cube,
    operationName(operation),
    target,
    shown(key),
    shown(value),
    causeBelow(cause),
  ]);
  const used = header.map((_, column) => rows.some((row) => row[column] !== ""));
  const pick = (row: readonly string[]) => row.filter((_, column) => used[column]);
  const count = `${steps.length} ${steps.length === 1 ? "step" : "steps"}; nothing has been changed`;
  return [...tableLines(pick(header), rows.map(pick), { width }), "", count];
}

export function planJson(steps: readonly PlanStep[]): unknown {
  return steps.map(({ operation, key, value, ...rest }) => ({
    ...rest,
    operation: operationName(operation),
    ...(key === "" ? {} : { key: parsed(key) }),
    ...(value === "" ? {} : { value: parsed(value) }),
  }));
}

/** Without the step to the cube, which has a column of its own. */
export function causeBelow(cause: string): string {
  const below = cause.replace(/^\/[^/[]+\[name=(['"]).*?\1\]\/?/, "");
  return below === "" && cause !== "" ? "the cube" : below;
}

function operationName(operation: string): string {
  return wordOf("OPERATION", operation);
}

/** An enum's value as a word: `OPERATION_SET_PROGRAM` → `set-program`. */
export function wordOf(type: string, value: string): string {
  return value.replace(`${type}_`, "").toLowerCase().replaceAll("_", "-");
}

/** A row's JSON as `kind=1 slot=3`; anything else as it is. */
export function shown(json: string): string {
  const value = parsed(json);
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(
      ([name, member]) => `${name}=${typeof member === "object" ? JSON.stringify(member) : member}`,
    )
    .join(" ");
}

export function parsed(json: string): unknown {
  return json === "" ? "" : JSON.parse(json);
}
