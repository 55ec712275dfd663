import type { IrType } from "../schema/ir.ts";
import { patternRegExp } from "../schema/xsd-pattern.ts";
import { asString, type Compiled, type Evaluate } from "./compiled.ts";
import type { Cursor } from "./cursor.ts";
import { cursorText } from "./values.ts";

type YangFunction = {
  readonly arguments: readonly [min: number, max: number];
  compile(args: readonly Compiled[], module: string): Compiled;
};

/** The functions of RFC 7950 §10. */
export const yangFunctions: Readonly<Record<string, YangFunction>> = {
  current: {
    arguments: [0, 0],
    compile: () => ({ type: "nodes", run: ({ evaluation }) => [evaluation.current] }),
  },
  "re-match": {
    arguments: [2, 2],
    compile: ([subject, pattern]) => {
      const [value, expression] = [textOf(subject), textOf(pattern)];
      return {
        type: "boolean",
        run: (focus) => compiledPattern(expression(focus)).test(value(focus)),
      };
    },
  },
  deref: {
    arguments: [1, 1],
    compile: ([nodes]) => {
      const first = firstOf(nodes);
      return {
        type: "nodes",
        run: (focus) => {
          const node = first(focus);
          return node ? focus.evaluation.environment.deref(node, focus.evaluation) : [];
        },
      };
    },
  },
  "derived-from": {
    arguments: [2, 2],
    compile: (args, module) => derivedFrom(args, module, false),
  },
  "derived-from-or-self": {
    arguments: [2, 2],
    compile: (args, module) => derivedFrom(args, module, true),
  },
  "enum-value": {
    arguments: [1, 1],
    compile: ([nodes]) => {
      const first = firstOf(nodes);
      return { type: "number", run: (focus) => enumValue(first(focus)) };
    },
  },
  "bit-is-set": {
    arguments: [2, 2],
    compile: ([nodes, name]) => {
      const [first, bit] = [firstOf(nodes), textOf(name)];
      return { type: "boolean", run: (focus) => bitIsSet(first(focus), bit(focus)) };
    },
  },
};

function textOf(compiled: Compiled | undefined): Evaluate<string> {
  if (compiled === undefined) throw new TypeError("an argument is missing");
  return asString(compiled);
}

function firstOf(compiled: Compiled | undefined): Evaluate<Cursor | undefined> {
  if (compiled?.type !== "nodes") throw new TypeError("the first argument has to be a node-set");
  const { run } = compiled;
  return (focus) => run(focus)[0];
}

const patternsMax = 1000;
const patterns = new Map<string, RegExp>();

function compiledPattern(expression: string): RegExp {
  const known = patterns.get(expression);
  if (known) return known;
  // A pattern may come from data; the cache must not grow with it.
  if (patterns.size >= patternsMax) patterns.clear();
  const compiled = patternRegExp(expression);
  patterns.set(expression, compiled);
  return compiled;
}

function derivedFrom(
  [nodes, identity]: readonly Compiled[],
  module: string,
  orSelf: boolean,
): Compiled {
  if (nodes?.type !== "nodes") throw new TypeError("the first argument has to be a node-set");
  const { run } = nodes;
  const name = textOf(identity);
  return {
    type: "boolean",
    run: (focus) => {
      const text = name(focus);
      const base = text.includes(":") ? text : `${module}:${text}`;
      const { environment } = focus.evaluation;
      const derived = environment.schema.derivedIdentities.get(base);
      return run(focus).some((node) => {
        if (!isIdentity(node)) return false;
        const value = cursorText(node, focus.evaluation);
        return derived?.has(value) === true || (orSelf && value === base);
      });
    },
  };
}

function isIdentity(node: Cursor): boolean {
  return memberTypes(node).some(({ base }) => base === "identityref");
}

function enumValue(node: Cursor | undefined): number {
  if (node === undefined) return Number.NaN;
  for (const type of memberTypes(node)) {
    if (type.base !== "enumeration") continue;
    const member = type.enums.find(({ name }) => name === node.value);
    if (member) return member.value;
  }
  return Number.NaN;
}

function bitIsSet(node: Cursor | undefined, bit: string): boolean {
  if (node === undefined || typeof node.value !== "string") return false;
  return (
    memberTypes(node).some(({ base }) => base === "bits") && node.value.split(" ").includes(bit)
  );
}

/** The types a leaf's value can have, unions and leafrefs resolved. */
function memberTypes({ schema }: Cursor): IrType[] {
  return schema.kind === "leaf" || schema.kind === "leaf-list" ? resolved(schema.type.ir) : [];
}

function resolved(type: IrType): IrType[] {
  if (type.base === "leafref") return resolved(type.type);
  return type.base === "union" ? type.types.flatMap(resolved) : [type];
}
