/**
 * Text tables: two spaces between columns, left aligned, no trailing blanks. What does not fit the
 * terminal is wrapped between words; if that is not enough the table goes on below with further
 * columns, behind its first one again. So an address or uuid stays in one piece, to be copied.
 */

const gap = "  ";
/** Where even one word is wider than the terminal, a column is not made narrower than this. */
const columnWidthMin = 12;

export interface TableOptions {
  /** Blanks before each line. */
  readonly indent?: number;
  /** Columns of the terminal; undefined where output is no terminal: nothing is wrapped. */
  readonly width?: number | undefined;
}

interface Column {
  readonly cells: readonly string[];
  /** Of the longest line. */
  readonly width: number;
}

/** Lines of a table; rows may be shorter than the header. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { indent = 0, width }: TableOptions = {},
): string[] {
  const all = [header, ...rows];
  const columns = header.map((_, column) => columnOf(all.map((row) => row[column] ?? "")));
  const blocks = width === undefined ? [columns] : fitted(columns, width - indent);
  const margin = " ".repeat(indent);
  return blocks.flatMap((block, index) => [
    ...(index === 0 ? [] : [""]),
    ...blockLines(block).map((line) => margin + line),
  ]);
}

function columnOf(cells: readonly string[]): Column {
  return { cells, width: longest(cells.flatMap((cell) => cell.split("\n"))) };
}

/** Columns in the blocks that stand below each other, each no wider than the terminal. */
function fitted(columns: readonly Column[], width: number): Column[][] {
  if (totalWidth(columns.map((column) => column.width)) <= width) return [[...columns]];
  const least = new Map(columns.map((column) => [column, leastWidth(column)]));
  return blocksOf(columns, least, width).map((block) => shrunk(block, least, width));
}

/** The width of the longest word. */
function leastWidth({ cells }: Column): number {
  return longest(cells.flatMap((cell) => cell.split("\n").flatMap(words)));
}

type Widths = ReadonlyMap<Column, number>;

function blocksOf(columns: readonly Column[], least: Widths, width: number): Column[][] {
  const [first, ...rest] = columns;
  if (first === undefined) return [];
  const blocks: Column[][] = [];
  let block = [first];
  for (const column of rest) {
    const widths = [...block, column].map((one) => least.get(one) ?? 0);
    if (block.length > 1 && totalWidth(widths) > width) {
      blocks.push(block);
      block = [first];
    }
    block.push(column);
  }
  return [...blocks, block];
}

/** Takes from the widest column that has something to give until the block fits. */
function shrunk(block: readonly Column[], least: Widths, width: number): Column[] {
  const widths = block.map((column) => column.width);
  const atLeast = block.map((column) => least.get(column) ?? 0);
  const takeDownTo = (floors: readonly number[]) => {
    let excess = totalWidth(widths) - width;
    while (excess > 0) {
      const spare = widths.map((one, index) => (one > (floors[index] ?? 0) ? one : 0));
      const widest = Math.max(...spare);
      if (widest === 0) return;
      widths[spare.indexOf(widest)] = widest - 1;
      excess -= 1;
    }
  };
  takeDownTo(atLeast);
  takeDownTo(atLeast.map((one) => Math.min(one, columnWidthMin)));
  return block.map(({ cells }, index) => ({ cells, width: widths[index] ?? 0 }));
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one + gap.length, -gap.length);
}

function blockLines(columns: readonly Column[]): string[] {
  const rowCount = columns[0]?.cells.length ?? 0;
  return Array.from({ length: rowCount }, (_, row) => rowLines(columns, row)).flat();
}

function rowLines(columns: readonly Column[], row: number): string[] {
  const cells = columns.map(({ cells: all, width }) => wrapped(all[row] ?? "", width));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => padded(lines[line] ?? "", columns[column]?.width ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

function wrapped(cell: string, width: number): string[] {
  return cell.split("\n").flatMap((line) => (widthOf(line) > width ? filled(line, width) : [line]));
}

/** Words in lines as full as they can be. */
function filled(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words(text).flatMap((one) => cut(one, width))) {
    if (line !== "" && widthOf((line + word).trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += word;
  }
  return [...lines, line.trimEnd()];
}

/** What stays together: up to the next blank, before a bar, before the next node of a path. */
function words(text: string): string[] {
  return text.split(/(?<= )(?! )|(?=\|)|(?<=\])(?=\/)/);
}

function cut(word: string, width: number): string[] {
  const characters = [...word];
  const parts = Math.max(1, Math.ceil(widthOf(word.trimEnd()) / width));
  return Array.from({ length: parts }, (_, part) => {
    const end = part === parts - 1 ? undefined : (part + 1) * width;
    return characters.slice(part * width, end).join("");
  });
}

/** Text in lines of the terminal; each line of it begins one of its own. */
export function paragraph(text: string, width: number | undefined): string[] {
  if (text === "") return [];
  return width === undefined ? text.split("\n") : wrapped(text, width);
}

function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

function longest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, widthOf(text.trimEnd())), 0);
}

/** Counting is needed rarely, and ten times slower. */
function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : [...text].length;
}
