import { Daemon } from "./daemon.ts";
import type { Figure } from "./figure.ts";
import { createBridge, deleteBridge, entryMessages, fdbMessages } from "./load.ts";
import { ROUNDS } from "./rounds.ts";
import { CUBE } from "./stations.ts";
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
      const seconds: number[] = [];
      const holdUps: number[] = [];
      return { name, messagesOf, seconds, holdUps };
    });
    // A daemon that has just started compiles its code: that is a rehearsal.
    for (const { messagesOf } of measured) await load(daemon, messagesOf);
    for (let round = 0; round < ROUNDS; round++) {
      for (const { messagesOf, seconds, holdUps } of measured) {
        const result = await load(daemon, messagesOf);
        seconds.push(result.seconds);
        holdUps.push(result.holdUpMs);
      }
    }
    const [atMost, holdUpMax] = [{ atMost: SECONDS_MAX }, { atMost: HOLD_UP_MS_MAX }];
    const figures = measured.flatMap(({ name, seconds, holdUps }): Figure[] => [
      { label: `${name}, duration`, unit: "s", rounds: seconds, target: atMost },
      { label: `${name}, event loop held up`, unit: "ms", rounds: holdUps, target: holdUpMax },
    ]);
    const resident = [daemon.residentMebibytes];
    return [...figures, { label: "resident afterwards", unit: "MiB", rounds: resident }];
  },
};

async function load(
  daemon: Daemon,
  messagesOf: (cube: string, count: number) => Buffer[],
): Promise<{ seconds: number; holdUpMs: number }> {
  const messages = messagesOf(CUBE, ENTRIES);
  await createBridge(daemon.client, CUBE);
  let milliseconds = 0;
  const holdUpMs = await daemon.longestHoldUpMs(async () => {
    const started = performance.now();
    await daemon.client.stream("ApplyStream", messages);
    milliseconds = performance.now() - started;
  });
  await deleteBridge(daemon.client, CUBE);
  return { seconds: milliseconds / 1000, holdUpMs };
}
