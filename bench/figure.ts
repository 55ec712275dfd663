/** At least, or at most, so much. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One line of a table: what each round measured, and what the median must reach. */
export interface Figure {
  readonly label: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  readonly target?: Target;
}

/** A median this near to its target will do if a round reached it: noise decides between them. */
const NEAR = 0.97;

export function isMet({ rounds, target }: Figure): boolean {
  if (target === undefined) return true;
  const middle = median(rounds);
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
  if ("atLeast" in target) {
    return middle >= target.atLeast || (most >= target.atLeast && middle >= NEAR * target.atLeast);
  }
  return middle <= target.atMost || (least <= target.atMost && middle * NEAR <= target.atMost);
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The mean of the two values around the rank, weighted by how near they are. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

/** Round by round: `over[n] / under[n]`, so that what slows a whole round down cancels out. */
export function ratios(over: readonly number[], under: readonly number[]): number[] {
  return over.map((value, round) => value / (under[round] ?? Number.NaN));
}

export function formatFigures(figures: readonly Figure[]): string {
  const head = ["", "median", "min – max", "target", ""];
  const rows = [head, ...figures.map(cellsOf)];
  const widths = head.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 || column === 4 ? cell.padEnd(width) : cell.padStart(width);
}

function cellsOf(figure: Figure): string[] {
  const { label, unit, rounds, target } = figure;
  const spread = `${format(Math.min(...rounds))} – ${format(Math.max(...rounds))}`;
  const verdict = target === undefined ? "" : isMet(figure) ? "met" : "MISSED";
  return [label, `${format(median(rounds))} ${unit}`, spread, targetText(target), verdict];
}

function targetText(target: Target | undefined): string {
  if (target === undefined) return "";
  return "atLeast" in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

/** Three significant digits, and never an exponent. */
function format(value: number): string {
  const digits = Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1))));
  return value.toFixed(digits);
}
