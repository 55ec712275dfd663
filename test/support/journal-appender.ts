import { openJournal } from "../../src/journal/journal.ts";

/**
 * A process to be killed: counts on from where the journal in its directory stops, many appends at
 * a time, with frequent snapshots, and prints each number once it is durable.
 */
const [directory = ""] = process.argv.slice(2);
const { journal, recovered } = await openJournal({
  directory,
  snapshotLogBytesMin: 2000,
  logBytesMax: 1500,
});
let last = Number(Buffer.from(recovered.records.at(-1) ?? recovered.snapshot ?? []));
const width = 8;

async function count(): Promise<never> {
  for (;;) {
    last += 1;
    const number = String(last);
    await journal.append(Buffer.from(number.padStart(width)));
    process.stdout.write(`${number}\n`);
    if (journal.isSnapshotDue) await journal.writeSnapshot([Buffer.from(String(last))]);
  }
}

await Promise.all(Array.from({ length: 5 }, count));
