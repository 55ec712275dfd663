import { UsageError } from "./usage-error.ts";

/** Deeper than any model goes, and less than fills the stack of what reads it. */
export const nestingMax = 500;

export function tooDeep(): UsageError {
  return new UsageError("the input is nested too deep");
}

const [quote, apostrophe, backslash] = [0x22, 0x27, 0x5c];
const opening = new Set([..."[{"].map((character) => character.charCodeAt(0)));
const closing = new Set([..."]}"].map((character) => character.charCodeAt(0)));
/** Before a quote that begins a text; in `don't` there is none. */
const beforeText = new Set([...' \t\n\r[{,:"'].map((character) => character.charCodeAt(0)));
const blockEntries = new RegExp(`(?:[-?:][ \\t]+){${nestingMax}}`);

/**
 * Whether JSON or YAML opens more brackets than `nestingMax` within one another, or as many entries
 * in one line. It is asked first, because parsers take minutes for some megabytes of them.
 */
export function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (opening.has(code)) depth += 1;
    else if (closing.has(code)) depth -= 1;
    else if (beginsText(text, at, code)) at = endOfText(text, at, code);
    if (depth > nestingMax) return true;
  }
  return blockEntries.test(text);
}

function beginsText(text: string, at: number, code: number): boolean {
  if (code !== quote && code !== apostrophe) return false;
  return at === 0 || beforeText.has(text.charCodeAt(at - 1));
}

/** Where the quote is that ends the text, or the end of all. */
function endOfText(text: string, start: number, end: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== end) {
    at += end === quote && text.charCodeAt(at) === backslash ? 2 : 1;
  }
  return at;
}
