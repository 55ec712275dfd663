import { asBoolean, asNumber, asString, type Compiled, type Evaluate } from "./compiled.ts";
import { cursorNumber } from "./values.ts";
import { XpathError } from "./xpath-error.ts";
import { yangFunctions } from "./yang-functions.ts";

/** How one function is made of its compiled arguments. */
export interface XpathFunction {
  readonly arguments: readonly [min: number, max: number];
  compile(args: readonly Compiled[], module: string): Compiled;
}

const self: Compiled = { type: "nodes", run: ({ node }) => [node] };

/** The core library (XPath 1.0 §4) and YANG's (RFC 7950 §10). */
const functions: Readonly<Record<string, XpathFunction>> = {
  last: { arguments: [0, 0], compile: () => ({ type: "number", run: ({ size }) => size }) },
  position: {
    arguments: [0, 0],
    compile: () => ({ type: "number", run: ({ position }) => position }),
  },
  count: {
    arguments: [1, 1],
    compile: ([nodes]) => {
      const run = nodesOf(nodes);
      return { type: "number", run: (focus) => run(focus).length };
    },
  },
  // YANG data has no XML ids.
  id: { arguments: [1, 1], compile: () => ({ type: "nodes", run: () => [] }) },
  "local-name": nameFunction(({ name }) => name),
  name: nameFunction(({ name, module }) => `${module}:${name}`),
  "namespace-uri": {
    arguments: [0, 1],
    compile: ([nodes = self]) => {
      const run = nodesOf(nodes);
      return {
        type: "string",
        run: (focus) => {
          const [first] = run(focus);
          const { modules } = focus.evaluation.environment.schema;
          if (first === undefined || !("prop" in first.schema)) return "";
          return modules.get(first.schema.module)?.namespace ?? "";
        },
      };
    },
  },
  string: { arguments: [0, 1], compile: ([value = self]) => text(asString(value)) },
  concat: {
    arguments: [2, Number.POSITIVE_INFINITY],
    compile: (args) => {
      const parts = args.map(asString);
      return text((focus) => parts.map((part) => part(focus)).join(""));
    },
  },
  "starts-with": textTest((whole, part) => whole.startsWith(part)),
  contains: textTest((whole, part) => whole.includes(part)),
  "substring-before": textOfTwo((whole, part) => {
    const at = whole.indexOf(part);
    return at < 0 ? "" : whole.slice(0, at);
  }),
  "substring-after": textOfTwo((whole, part) => {
    const at = whole.indexOf(part);
    return at < 0 ? "" : whole.slice(at + part.length);
  }),
  substring: { arguments: [2, 3], compile: compileSubstring },
  "string-length": {
    arguments: [0, 1],
    compile: ([value = self]) => {
      const run = asString(value);
      return { type: "number", run: (focus) => [...run(focus)].length };
    },
  },
  "normalize-space": {
    arguments: [0, 1],
    compile: ([value = self]) => {
      const run = asString(value);
      const words = (whole: string): string[] => whole.split(/[ \t\r\n]+/).filter(Boolean);
      return text((focus) => words(run(focus)).join(" "));
    },
  },
  translate: { arguments: [3, 3], compile: compileTranslate },
  boolean: { arguments: [1, 1], compile: ([value = self]) => bool(asBoolean(value)) },
  not: {
    arguments: [1, 1],
    compile: ([value = self]) => {
      const run = asBoolean(value);
      return bool((focus) => !run(focus));
    },
  },
  true: { arguments: [0, 0], compile: () => bool(() => true) },
  false: { arguments: [0, 0], compile: () => bool(() => false) },
  // No node has an xml:lang.
  lang: { arguments: [1, 1], compile: () => bool(() => false) },
  number: {
    arguments: [0, 1],
    compile: ([value = self]) => ({ type: "number", run: asNumber(value) }),
  },
  sum: {
    arguments: [1, 1],
    compile: ([nodes]) => {
      const run = nodesOf(nodes);
      return {
        type: "number",
        run: (focus) =>
          run(focus).reduce((sum, node) => sum + cursorNumber(node, focus.evaluation), 0),
      };
    },
  },
  floor: rounding(Math.floor),
  ceiling: rounding(Math.ceil),
  round: rounding(Math.round),
  ...yangFunctions,
};

/** Compiles a function call. @throws XpathError for an unknown function or wrong arguments */
export function compileCall(
  name: string,
  args: readonly Compiled[],
  { expression, module }: { readonly expression: string; readonly module: string },
): Compiled {
  const called = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (called === undefined) throw new XpathError(expression, `no function is called "${name}"`);
  const [min, max] = called.arguments;
  if (args.length < min || args.length > max) {
    throw new XpathError(expression, `${name}() does not take ${args.length} arguments`);
  }
  try {
    return called.compile(args, module);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new XpathError(expression, `${name}(): ${error.message}`);
  }
}

function nodesOf(compiled: Compiled | undefined) {
  if (compiled?.type !== "nodes") throw new TypeError("the argument has to be a node-set");
  return compiled.run;
}

function text(run: Evaluate<string>): Compiled {
  return { type: "string", run };
}

function bool(run: Evaluate<boolean>): Compiled {
  return { type: "boolean", run };
}

function nameFunction(print: (schema: { name: string; module: string }) => string): XpathFunction {
  return {
    arguments: [0, 1],
    compile: ([nodes = self]) => {
      const run = nodesOf(nodes);
      return text((focus) => {
        const [first] = run(focus);
        return first && "prop" in first.schema ? print(first.schema) : "";
      });
    },
  };
}

function textTest(test: (whole: string, part: string) => boolean): XpathFunction {
  return {
    arguments: [2, 2],
    compile: ([first = self, second = self]) => {
      const [whole, part] = [asString(first), asString(second)];
      return bool((focus) => test(whole(focus), part(focus)));
    },
  };
}

function textOfTwo(make: (whole: string, part: string) => string): XpathFunction {
  return {
    arguments: [2, 2],
    compile: ([first = self, second = self]) => {
      const [whole, part] = [asString(first), asString(second)];
      return text((focus) => make(whole(focus), part(focus)));
    },
  };
}

/** XPath 1.0 §4.2: positions count characters from 1, both bounds are rounded, NaN selects none. */
function compileSubstring([value = self, from = self, count]: readonly Compiled[]): Compiled {
  const [whole, start] = [asString(value), asNumber(from)];
  const length = count ? asNumber(count) : () => Number.POSITIVE_INFINITY;
  return text((focus) => {
    const first = Math.round(start(focus));
    const end = first + Math.round(length(focus));
    return [...whole(focus)].filter((_, index) => index + 1 >= first && index + 1 < end).join("");
  });
}

function compileTranslate(args: readonly Compiled[]): Compiled {
  const [whole = self, from = self, to = self] = args;
  const [subject, searched, replaced] = [asString(whole), asString(from), asString(to)];
  return text((focus) => {
    const replacements = [...replaced(focus)];
    const table = new Map<string, string>();
    for (const [index, character] of [...searched(focus)].entries()) {
      if (!table.has(character)) table.set(character, replacements[index] ?? "");
    }
    return [...subject(focus)].map((character) => table.get(character) ?? character).join("");
  });
}

function rounding(round: (value: number) => number): XpathFunction {
  return {
    arguments: [1, 1],
    compile: ([value = self]) => {
      const run = asNumber(value);
      return { type: "number", run: (focus) => round(run(focus)) };
    },
  };
}
