import { basename } from "node:path";
import type { Finding, Source } from "./finding.ts";

/** Members of an enumeration with their values; undefined where it is no number. */
type Members = ReadonlyMap<string, number | undefined>;

interface CEnum {
  readonly file: string;
  readonly line: number;
  readonly members: Members;
}

/**
 * What a leaf may hold and what a program reads are one enumeration: `enum helloworld_action` in C
 * has the members of `action` in helloworld.yang, in the service's prefix, with their values.
 */
export function checkEnumPairs(sources: readonly Source[]): Finding[] {
  const inC = cEnums(sources.filter(({ file }) => /\.[ch]$/.test(file)));
  return sources
    .filter(({ file }) => file.endsWith(".yang"))
    .flatMap(({ file, text }) => {
      const service = snake(basename(file, ".yang"));
      return [...yangEnums(text)].flatMap(([name, members]) => {
        const type = `${service}_${snake(name)}`;
        const pair = inC.get(type);
        return pair ? compare({ service, type, file }, members, pair) : [];
      });
    });
}

interface Pair {
  readonly service: string;
  readonly type: string;
  /** The model. */
  readonly file: string;
}

function compare({ service, type, file }: Pair, yang: Members, { members, ...place }: CEnum) {
  const prefixes = [`${type}_`, `${service}_`].map((prefix) => prefix.toUpperCase());
  const known = [...members.keys()];
  const prefix = prefixes.find((one) => known.every((name) => name.startsWith(one))) ?? "";
  const wanted = new Map([...yang].map(([name, value]) => [prefix + snake(name), value]));
  const names = new Set([...wanted.keys(), ...known]);
  return [...names]
    .filter((name) => wanted.get(name) === undefined || wanted.get(name) !== members.get(name))
    .map((name): Finding => {
      const [is, other] = [members.get(name), wanted.get(name)].map((value) => value ?? "nothing");
      const message = `${name} is ${is}, and ${other} in ${file}`;
      return { rule: "enum-pair", ...place, message, severity: "failure" };
    });
}

/** `a-b` is `a_b`, and upper case stays so. */
function snake(name: string): string {
  return name.replaceAll(/[-.]/g, "_");
}

/** By the name of the leaf or typedef that has the enumeration. */
function yangEnums(text: string): Map<string, Members> {
  const bare = text.replaceAll(/"[^"]*"|'[^']*'|\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  const found = new Map<string, Members>();
  let name = "";
  for (const { 1: holder, 2: enums } of bare.matchAll(
    /\b(?:leaf|leaf-list|typedef)\s+([\w.-]+)|\btype\s+enumeration\s*\{((?:[^{}]|\{[^{}]*\})*)\}/g,
  )) {
    if (holder === undefined) found.set(name, yangMembers(enums ?? ""));
    else name = holder;
  }
  return found;
}

/** RFC 7950 §9.6.4.2: without a value a member has one more than the highest before it. */
function yangMembers(enums: string): Members {
  const members = new Map<string, number>();
  for (const [, name = "", body = ""] of enums.matchAll(
    /\benum\s+([\w.-]+)\s*(?:;|\{([^}]*)\})/g,
  )) {
    const value = /\bvalue\s+(-?\d+)/.exec(body)?.[1];
    members.set(name, value === undefined ? Math.max(-1, ...members.values()) + 1 : Number(value));
  }
  return members;
}

function cEnums(sources: readonly Source[]): Map<string, CEnum> {
  const found = new Map<string, CEnum>();
  for (const { file, text } of sources) {
    for (const match of text.matchAll(/^enum (\w+) \{([^}]*)\}/gm)) {
      const [, name = "", body = ""] = match;
      const line = text.slice(0, match.index).split("\n").length;
      found.set(name, { file, line, members: cMembers(body) });
    }
  }
  return found;
}

function cMembers(body: string): Members {
  const members = new Map<string, number | undefined>();
  let next: number | undefined = 0;
  const bare = body.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  for (const [, name = "", value] of bare.matchAll(/(\w+)\s*(?:=\s*([^,]+?)\s*)?(?:,|$)/g)) {
    const given: number | undefined = value === undefined ? next : Number(value);
    next = given === undefined || Number.isNaN(given) ? undefined : given + 1;
    members.set(name, next === undefined ? undefined : given);
  }
  return members;
}
