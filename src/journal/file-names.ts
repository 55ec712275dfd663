/** Base sequence numbers in names have 20 digits, so that names sort as the numbers do. */
const digits = 20;
const pattern = /^(log|snapshot)-([0-9]{20})$/;
export const temporarySuffix = ".tmp";
export const lockName = "lock";
/** There since the first record became durable: a journal that is empty now has lost it. */
export const begunName = "begun";

export function logName(base: number): string {
  return `log-${String(base).padStart(digits, "0")}`;
}

export function snapshotName(sequence: number): string {
  return `snapshot-${String(sequence).padStart(digits, "0")}`;
}

export interface JournalFiles {
  /** Bases, oldest first. */
  readonly logs: readonly number[];
  /** Oldest first. */
  readonly snapshots: readonly number[];
  /** Snapshots that were being written in a crash. */
  readonly leftovers: readonly string[];
}

export function sortFiles(names: readonly string[]): JournalFiles {
  const bases = (kind: string) =>
    names
      .map((name) => pattern.exec(name))
      .filter((match) => match?.[1] === kind)
      .map((match) => Number(match?.[2]))
      .sort((a, b) => a - b);
  return {
    logs: bases("log"),
    snapshots: bases("snapshot"),
    leftovers: names.filter((name) => name.endsWith(temporarySuffix)),
  };
}

/** The first `<name>.corrupt-<n>` that is not taken. */
export function asideName(name: string, taken: readonly string[]): string {
  let number = 1;
  while (taken.includes(`${name}.corrupt-${number}`)) number += 1;
  return `${name}.corrupt-${number}`;
}
