import { coreWords } from "../lib/core-words.ts";
import { commands } from "./command-line.ts";
import type { Edit } from "./edit.ts";

/** How cubes are reached that edits create and whose name is a word of the command line. */
export function nameNotes(edits: readonly Edit[]): string[] {
  return edits.flatMap(({ operation, path }) => {
    const [, service, , name = ""] = /^\/([^:/]+):\1\[name=(['"])(.+)\2\]$/.exec(path) ?? [];
    if (operation !== "CREATE" || !coreWords.has(name)) return [];
    const isCommand = commands.some((command) => command === name);
    const words = isCommand ? `${service} … -- ${name} …` : `${service} ${name} …`;
    return [`${name} is a word of the command line: reach the cube by ${words}`];
  });
}
