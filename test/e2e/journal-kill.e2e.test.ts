import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import fc from "fast-check";
import { openJournal } from "../../src/journal/journal.ts";

const appender = new URL("../support/journal-appender.ts", import.meta.url).pathname;

describe("journal of a killed process", () => {
  let directory = "";

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "yangplane-journal-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it("has every acknowledged record, and no gap, after kill -9 at twenty random moments", async function () {
    this.timeout(120_000);
    const moments = fc.sample(fc.nat(300), 20);
    let before = 0;
    for (const [round, moment] of moments.entries()) {
      const acknowledged = await killAfter(directory, moment);

      const { first, last, report } = await numbersIn(directory);

      const context = `round ${round} of ${moments}, ${report.join("; ")}`;
      assert(last >= Math.max(acknowledged, before), `${last} ≥ ${acknowledged} in ${context}`);
      assert(first <= before + 1, context);
      before = last;
    }
    assert(before > 0);
  });

  it("is not opened by a second process, and says by whom it is held", async function () {
    this.timeout(20_000);
    const child = startAppender(directory);
    await once(createInterface(child.stdout), "line");

    await assert.rejects(openJournal({ directory }), (error: Error) => {
      return error.message.includes(`in use by the process with pid ${child.pid}`);
    });

    await kill(child);
    await (await openJournal({ directory })).journal.close();
  });
});

/** Lets the appender run until it has printed this many numbers; the highest it printed. */
async function killAfter(directory: string, count: number): Promise<number> {
  const child = startAppender(directory);
  let highest = 0;
  let seen = 0;
  for await (const line of createInterface(child.stdout)) {
    highest = Math.max(highest, Number(line));
    seen += 1;
    if (seen > count) child.kill("SIGKILL");
  }
  assert(seen > count, "the appender ran until it was killed");
  return highest;
}

function startAppender(directory: string) {
  const command = ["--import=tsx", appender, directory];
  return spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** The unbroken count in the journal: snapshot and records together. */
async function numbersIn(directory: string) {
  const { journal, recovered } = await openJournal({ directory });
  await journal.close();
  const base = recovered.snapshot ? Number(Buffer.from(recovered.snapshot)) : 0;
  const records = recovered.records.map((bytes) => Number(Buffer.from(bytes)));
  for (const [index, number] of records.entries()) assert.equal(number, base + 1 + index);
  return { first: base === 0 ? 1 : 0, last: base + records.length, report: recovered.report };
}
