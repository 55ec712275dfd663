import type { Document, Scalar } from "yaml";
import { nestingMax, tooDeep } from "./nesting.ts";
import { UsageError } from "./usage-error.ts";

/**
 * A scalar that YAML takes for something else than text: `0123`, `1e3`, `no`, nothing at all. The
 * type of a leaf decides what it is, so it is kept as it was written.
 */
export class PlainScalar {
  readonly text: string;
  /** What YAML's core schema makes of it; used where there is no leaf to decide. */
  readonly value: unknown;

  constructor(text: string, value: unknown) {
    this.text = text;
    this.value = value;
  }
}

/** One document of YAML as data, with PlainScalars in it. @throws UsageError */
export async function parseYaml(text: string): Promise<unknown> {
  const yaml = await import("yaml");
  try {
    return parsed(yaml, text);
  } catch (error) {
    // The parser's own stack is full.
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

function parsed(yaml: typeof import("yaml"), text: string): unknown {
  // What would be a warning on the terminal is refused, since something of it would be lost.
  const document = yaml.parseDocument(text, { logLevel: "error" });
  const [wrong] = [...document.errors, ...document.warnings];
  // What a full stack is to the parser's composer.
  if (wrong?.message.startsWith("Maximum call stack")) throw tooDeep();
  if (wrong) throw new UsageError(`the input is not YAML: ${wrong.message.split("\n")[0]}`);
  yaml.visit(document, {
    Alias: (_key, { source }, path) => refuseCycle(source, path),
    Collection: (_key, _collection, path) => {
      // A pair and its map are one level.
      if (path.length > 2 * nestingMax) throw tooDeep();
    },
    Pair: (_key, { key }) => {
      if (yaml.isCollection(key)) throw new UsageError("the input has a key that is no text");
    },
    Scalar: (key, scalar) => keepText(scalar, key === "key"),
  });
  return dataOf(document);
}

/** An alias refers to what stands before it: only below that very node it leads round. */
function refuseCycle(anchor: string, path: readonly object[]): void {
  if (!path.some((node) => "anchor" in node && node.anchor === anchor)) return;
  throw new UsageError(`the input is not YAML: alias ${anchor} stands in what it names`);
}

function keepText(scalar: Scalar, isKey: boolean): void {
  const { value, source } = scalar;
  if (typeof value === "string") return;
  const text = source ?? "";
  scalar.value = isKey ? text : new PlainScalar(text, value);
}

/** @throws UsageError where aliases would make more of it than anybody means */
function dataOf(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new UsageError(`the input is not YAML: ${error.message}`);
  }
}

/** Data as JSON has it, where no model says otherwise. */
export function coreJson(data: unknown): unknown {
  if (data instanceof PlainScalar) return data.value;
  if (Array.isArray(data)) return data.map(coreJson);
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, coreJson(value)]));
}
