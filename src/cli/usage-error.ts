/** The command line asks for something that cannot be: nothing has been sent to change anything. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const distanceMax = 2;

/** ` (did you mean ports?)` where a known word is close to what was typed, else nothing. */
export function suggestion(typed: string, known: Iterable<string>): string {
  let best: string | undefined;
  let bestDistance = distanceMax + 1;
  for (const word of known) {
    const isShorter = typed.length > 1 && word.startsWith(typed);
    const distance = isShorter ? 1 : editDistance(typed.toLowerCase(), word.toLowerCase());
    if (distance < Math.min(bestDistance, word.length)) [best, bestDistance] = [word, distance];
  }
  return best === undefined ? "" : ` (did you mean ${best}?)`;
}

/** Levenshtein's, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + (character === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
