/** Fewer would say little about the spread. */
export const ROUNDS = 7;

type Measure = () => number | Promise<number>;

/**
 * What every variant measured, round by round. Each second round goes in opposite order: what else
 * the machine does at the time then falls on all of them alike.
 */
export async function interleaved<Name extends string>(
  variants: Readonly<Record<Name, Measure>>,
  rounds = ROUNDS,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const entries = Object.entries<Measure>(variants).map(([name, measure]) => {
    const values: number[] = [];
    return { name, measure, values };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { measure, values } of round % 2 === 0 ? entries : entries.toReversed()) {
      values.push(await measure());
    }
  }
  const measured = entries.map(({ name, values }) => [name, values]);
  return Object.fromEntries(measured) as Record<Name, number[]>;
}
