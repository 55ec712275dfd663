import type { IrRestriction } from "./ir.ts";
import { ValueError } from "./value-type.ts";

/** Checks a number against a `range` or `length`. @throws ValueError */
export type IntervalCheck<T> = (value: T, given: () => string) => void;

interface Interval<T> {
  readonly min: T;
  readonly max: T;
}

/** Compiles a range or length; `parse` reads its bounds. */
export function intervalCheck<T extends number | bigint>(
  restriction: IrRestriction,
  parse: (bound: string) => T,
  what: "range" | "length",
): IntervalCheck<T> {
  const intervals = restriction.intervals.map(
    ({ min, max }): Interval<T> => ({ min: parse(min), max: parse(max) }),
  );
  const expected = restriction.intervals.map(intervalText).join(" | ");
  return (value, given) => {
    if (intervals.some(({ min, max }) => value >= min && value <= max)) return;
    const message = `${given()} is not in ${what} ${expected}`;
    throw new ValueError(restriction.message ?? message, restriction.appTag);
  };
}

function intervalText({ min, max }: { min: string; max: string }): string {
  return min === max ? min : `${min}..${max}`;
}
