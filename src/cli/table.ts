/** Text tables: two spaces between columns, left aligned, no trailing blanks. */

const gap = "  ";
/** A column is not wrapped below this: then lines of the terminal break instead. */
const columnWidthMin = 12;

export interface TableOptions {
  /** Blanks before each line. */
  readonly indent?: number;
  /** Columns of the terminal; undefined where output is no terminal: nothing is wrapped. */
  readonly width?: number | undefined;
}

/** Lines of a table; rows may be shorter than the header. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { indent = 0, width }: TableOptions = {},
): string[] {
  const all = [header, ...rows];
  const natural = header.map((_, column) =>
    Math.max(...all.map((row) => widthOf(row[column] ?? ""))),
  );
  const widths = width === undefined ? natural : fitted(natural, width - indent);
  return all.flatMap((row) => rowLines(row, widths).map((line) => " ".repeat(indent) + line));
}

/** Takes from the widest column until the table fits, or no column has anything to give. */
function fitted(natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one + gap.length, -gap.length) - width;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= columnWidthMin) break;
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}

function rowLines(row: readonly string[], widths: readonly number[]): string[] {
  const cells = widths.map((width, column) => wrapped(row[column] ?? "", width));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => pad(lines[line] ?? "", widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

/** Breaks at blanks where there are any, else anywhere. */
function wrapped(cell: string, width: number): string[] {
  const lines: string[] = [];
  let rest = cell;
  while (widthOf(rest) > width) {
    const characters = [...rest];
    const blank = characters.slice(0, width + 1).lastIndexOf(" ");
    const cut = blank > 0 ? blank : width;
    lines.push(characters.slice(0, cut).join(""));
    rest = characters.slice(blank > 0 ? cut + 1 : cut).join("");
  }
  return [...lines, rest];
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

function widthOf(text: string): number {
  return [...text].length;
}
