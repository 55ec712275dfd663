import assert from "node:assert/strict";
import fc from "fast-check";
import { openJournal } from "../../src/journal/journal.ts";
import { JournalError } from "../../src/journal/journal-error.ts";
import { MemoryDisk } from "../support/memory-disk.ts";

const directory = "/state";
const expected = new Set(["no-good-state", "unsupported-version"]);

describe("journal recovery of a directory damaged at random", () => {
  it("finds a prefix of what was written or refuses, and finds the same again", async () => {
    const whole = await written();
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (all) => {
        const disk = whole.altered(damager(all));

        const found = await numbers(disk);

        if (found === undefined) return;
        assert.deepEqual(
          found,
          found.map((_, index) => index + 1),
        );
        assert.deepEqual(await numbers(disk.afterKill()), found);
      }),
    );
  });
});

const damage = fc.record({
  file: fc.nat(9),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bytes: fc.uint8Array({ maxLength: 24 }),
  how: fc.constantFrom("overwrite", "insert", "cut", "replace", "duplicate"),
});

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damager(all: readonly Damage[]) {
  let file = -1;
  return (_: string, original: Uint8Array): Uint8Array => {
    file += 1;
    return all.filter((one) => one.file === file).reduce(damaged, original);
  };
}

function damaged(original: Uint8Array, { at, bytes, how }: Damage): Uint8Array {
  const cut = Math.floor(at * original.length);
  const [head, tail] = [original.subarray(0, cut), original.subarray(cut)];
  const parts = {
    overwrite: [head, bytes, tail.subarray(bytes.length)],
    insert: [head, bytes, tail],
    cut: [head],
    replace: [bytes],
    duplicate: [head, tail, tail],
  };
  return Buffer.concat(parts[how]);
}

/** Two snapshots, three logs, 30 records of numbers. */
async function written(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await openJournal({ directory, disk, logBytesMax: 200 });
  for (let number = 1; number <= 30; number += 1) {
    await journal.append(Buffer.from(String(number)));
    if (number % 8 === 0) await journal.writeSnapshot([Buffer.from(String(number))]);
  }
  return disk.afterKill();
}

async function numbers(disk: MemoryDisk): Promise<number[] | undefined> {
  try {
    const { journal, recovered } = await openJournal({ directory, disk });
    await journal.close();
    const base = Number(Buffer.from(recovered.snapshot ?? []).toString());
    const records = recovered.records.map((bytes) => Number(Buffer.from(bytes)));
    return [...Array.from({ length: base }, (_, index) => index + 1), ...records];
  } catch (error) {
    if (error instanceof JournalError && expected.has(error.code)) return undefined;
    throw error;
  }
}
