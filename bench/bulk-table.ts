import { Daemon } from "./daemon.ts";
import type { Figure } from "./figure.ts";
import { createBridge, deleteBridge, entryMessages, fdbMessages } from "./load.ts";
import { ROUNDS } from "./rounds.ts";
import type { Table } from "./table.ts";

const ENTRIES = 100_000;
const SECONDS_MAX = 1.5;
const HOLD_UP_MS_MAX = 50;

const forms = {
  "a message for 10,000 entries": fdbMessages,
  "an edit for each entry, JSON": entryMessages,
} as const;

export const bulkTable: Table = {
  title: "Bulk load: 100,000 static entries in one transaction (ApplyStream), durable",

  async run(folder) {
    await using daemon = await Daemon.start(folder, "bulk", { watched: true });
    const measured = Object.entries(forms).map(([name, messagesOf]) => {
      return { name, messagesOf, seconds: [] as number[], holdUps: [] as number[] };
    });
    // The first round is a rehearsal: a daemon that has just started compiles its code.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const { messagesOf, seconds, holdUps } of measured) {
        const result = await load(daemon, `br${round}`, messagesOf);
        if (round === 0) continue;
        seconds.push(result.seconds);
        holdUps.push(result.holdUpMs);
      }
    }
    const figures = measured.flatMap(({ name, seconds, holdUps }): Figure[] => [
      { label: `${name}, duration`, unit: "s", rounds: seconds, target: { atMost: SECONDS_MAX } },
      {
        label: `${name}, event loop held up`,
        unit: "ms",
        rounds: holdUps,
        target: { atMost: HOLD_UP_MS_MAX },
      },
    ]);
    const resident = [daemon.residentMebibytes];
    return [...figures, { label: "resident afterwards", unit: "MiB", rounds: resident }];
  },
};

async function load(
  daemon: Daemon,
  name: string,
  messagesOf: (cube: string, count: number) => Buffer[],
): Promise<{ seconds: number; holdUpMs: number }> {
  const messages = messagesOf(name, ENTRIES);
  await createBridge(daemon.client, name);
  let milliseconds = 0;
  const holdUpMs = await daemon.longestHoldUpMs(async () => {
    const started = performance.now();
    await daemon.client.stream("ApplyStream", messages);
    milliseconds = performance.now() - started;
  });
  await deleteBridge(daemon.client, name);
  return { seconds: milliseconds / 1000, holdUpMs };
}
