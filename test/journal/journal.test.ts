import assert from "node:assert/strict";
import fc from "fast-check";
import { type Journal, type JournalOptions, openJournal } from "../../src/journal/journal.ts";
import { JournalError } from "../../src/journal/journal-error.ts";
import { type DiskOperation, MemoryDisk } from "../support/memory-disk.ts";

const directory = "/state";

function open(disk: MemoryDisk, options: Partial<JournalOptions> = {}) {
  return openJournal({ directory, disk, ...options });
}

async function reopen(disk: MemoryDisk) {
  const { journal, recovered } = await open(disk);
  await journal.close();
  return {
    snapshot: recovered.snapshot && text(recovered.snapshot),
    records: recovered.records.map(text),
    report: recovered.report,
  };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function bytes(record: string): Uint8Array {
  return Buffer.from(record);
}

async function appendAll(journal: Journal, records: readonly string[]): Promise<void> {
  await Promise.all(records.map((record) => journal.append(bytes(record))));
}

async function journalError(promise: Promise<unknown>): Promise<JournalError> {
  const error = await promise.then(
    () => assert.fail("should reject"),
    (cause: unknown) => cause,
  );
  assert(error instanceof JournalError);
  return error;
}

describe("journal", () => {
  it("brings back what was appended, in order, with nothing to report", async () => {
    const disk = new MemoryDisk();
    const { journal, recovered } = await open(disk);
    assert.deepEqual(recovered, { snapshot: undefined, records: [], report: [] });

    await appendAll(journal, ["a", "", "c".repeat(200_000)]);
    await journal.append(bytes("d"));
    await journal.close();

    const records = ["a", "", "c".repeat(200_000), "d"];
    assert.deepEqual(await reopen(disk), { snapshot: undefined, records, report: [] });
  });

  it("shares one write and one fdatasync among all appends that wait", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    await journal.append(bytes("first"));
    const before = disk.count("datasync");

    const one = journal.append(bytes("alone"));
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([one, appendAll(journal, Array(1000).fill("together"))]);

    assert.equal(disk.count("datasync") - before, 2);
    assert.equal((await reopenAfterKill(disk)).records.length, 1002);
  });

  it("takes a payload at once: the caller may change it afterwards", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    const payload = Buffer.from("before");

    const appended = journal.append(payload);
    payload.fill("x");
    await appended;

    assert.deepEqual((await reopenAfterKill(disk)).records, ["before"]);
  });

  it("continues in a new log when one is large", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk, { logBytesMax: 120 });
    for (const record of ["1", "2", "3"]) await journal.append(bytes(record.repeat(60)));
    await journal.close();

    assert.equal(disk.paths().length, 2);
    assert.deepEqual((await reopen(disk)).records, [
      "1".repeat(60),
      "2".repeat(60),
      "3".repeat(60),
    ]);
  });

  it("refuses to be opened twice", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);

    assert.equal((await journalError(open(disk))).code, "locked");

    await journal.close();
    assert.deepEqual((await reopen(disk)).records, []);
  });

  const refusals = [
    { code: "queue-full", options: { queueRecordsMax: 3 }, size: 1 },
    { code: "queue-full", options: { queueBytesMax: 3 * 26 + 5 }, size: 10 },
    { code: "record-too-large", options: { queueBytesMax: 100 }, size: 85 },
  ];
  for (const { code, options, size } of refusals) {
    it(`refuses an append beyond ${JSON.stringify(options)} with ${code}, and keeps the others`, async () => {
      const disk = new MemoryDisk();
      const { journal } = await open(disk, options);
      const taken = [1, 2, 3].map(() => journal.append(Buffer.alloc(10)));

      assert.equal((await journalError(journal.append(Buffer.alloc(size)))).code, code);

      await Promise.all(taken);
      await journal.append(Buffer.alloc(10));
      assert.equal((await reopenAfterKill(disk)).records.length, 4);
    });
  }

  it("refuses appends after close, having finished those before", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    const taken = journal.append(bytes("taken"));

    await Promise.all([journal.close(), journal.close()]);

    await taken;
    assert.equal((await journalError(journal.append(bytes("late")))).code, "closed");
    assert.deepEqual((await reopen(disk)).records, ["taken"]);
  });
});

describe("journal whose files others take away", () => {
  const thefts: Readonly<Record<string, (disk: MemoryDisk) => unknown>> = {
    "its log": (disk) => disk.remove(disk.paths()[0] ?? ""),
    "its lock": (disk) => disk.removeLock(),
  };

  for (const [title, steal] of Object.entries(thefts)) {
    it(`acknowledges nothing once ${title} is gone, and takes no more records`, async () => {
      const disk = new MemoryDisk();
      const { journal } = await open(disk);
      await journal.append(bytes("a"));
      await steal(disk);

      const error = await journalError(journal.append(bytes("b")));

      assert.equal(error.code, "displaced");
      assert.match(error.message, /^\/state.*: was removed or replaced while the daemon uses it$/);
      assert.equal((await journalError(journal.recover())).code, "displaced");
      assert.equal((await journalError(journal.append(bytes("c")))).code, "failed");
    });
  }

  for (const { title, length } of [
    { title: "cut", length: 40 },
    { title: "cut to nothing", length: 0 },
  ]) {
    it(`acknowledges nothing once its log is ${title}, and takes no more records`, async () => {
      const disk = new MemoryDisk();
      const { journal } = await open(disk);
      await journal.append(bytes("a"));
      const [path = ""] = disk.paths();
      const size = disk.bytes(path).length;
      disk.cut(path, length);

      const error = await journalError(journal.append(bytes("b")));

      assert.equal(error.code, "displaced");
      const what = `has ${length} bytes instead of ${size}: others have changed it meanwhile`;
      assert.equal(error.message, `${path}: ${what}`);
      assert.equal((await journalError(journal.recover())).message, error.message);
      assert.equal((await journalError(journal.append(bytes("c")))).code, "failed");
    });
  }

  it("takes back what others have added to its log", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    await journal.append(bytes("a"));
    disk.cut(disk.paths()[0] ?? "", 4096);

    assert.equal((await journalError(journal.append(bytes("b")))).code, "displaced");

    await journal.recover();
    await journal.append(bytes("c"));
    assert.deepEqual((await reopen(disk.afterKill())).records, ["a", "c"]);
  });

  it("acknowledges nothing of a log that is cut while it is written", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    await journal.append(bytes("a"));
    const [path = ""] = disk.paths();
    const size = disk.bytes(path).length;
    const appended = journalError(journal.append(bytes("b")));
    for (let turn = 0; turn < 100 && disk.bytes(path).length === size; turn += 1) {
      await Promise.resolve();
    }
    disk.cut(path, 40);

    assert.equal((await appended).code, "displaced");
  });

  it("writes no snapshot where it has no lock any more", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    await journal.append(bytes("a"));
    const before = disk.paths();
    disk.removeLock();

    const error = await journalError(journal.writeSnapshot([bytes("state")]));

    assert.equal(error.code, "displaced");
    assert.deepEqual(disk.paths(), before);
  });
});

describe("journal on a failing disk", () => {
  const cases: { operation: DiskOperation; errno: string; code: string; isShort?: boolean }[] = [
    { operation: "write", errno: "ENOSPC", code: "no-space" },
    { operation: "write", errno: "ENOSPC", code: "no-space", isShort: true },
    { operation: "write", errno: "EROFS", code: "permission" },
    { operation: "datasync", errno: "EIO", code: "io" },
  ];
  for (const { operation, errno, code, isShort = false } of cases) {
    it(`rejects all that is not durable with ${code}, newest first, on ${errno} of ${isShort ? "half a " : ""}${operation}`, async () => {
      const disk = new MemoryDisk();
      const { journal } = await open(disk);
      await journal.append(bytes("kept"));
      const order: number[] = [];
      disk.breakDown({ operations: [operation], errno, after: 0, isShort });

      const append = (number: number) =>
        journal.append(bytes("lost")).catch((error) => {
          order.push(number);
          return error;
        });
      const failed = [append(0), append(1)];
      await Promise.resolve();
      failed.push(append(2), append(3));
      const errors = await Promise.all(failed);

      assert.deepEqual(order, [3, 2, 1, 0]);
      for (const error of errors) assert.equal(error, journal.failure);
      assert.equal(journal.failure?.code, code);
      assert.match(journal.failure?.path ?? "", /log-0/);
      assert.equal((await journalError(journal.append(bytes("refused")))).code, "failed");
      assert.deepEqual((await reopenAfterKill(disk)).records, ["kept"]);
    });

    it(`works again once recover succeeds after ${errno} of ${isShort ? "half a " : ""}${operation}`, async () => {
      const disk = new MemoryDisk();
      const { journal } = await open(disk);
      await journal.append(bytes("kept"));
      disk.breakDown({ operations: [operation], errno, after: 0, isShort });
      await journalError(journal.append(bytes("lost")));

      assert.equal((await journalError(journal.recover())).code, code);
      assert.equal((await journalError(journal.append(bytes("refused")))).code, "failed");
      disk.mend();
      await Promise.all([journal.recover(), journal.recover()]);
      await journal.append(bytes("new"));

      assert.equal(journal.failure, undefined);
      const recovered = await reopenAfterKill(disk);
      assert.deepEqual(recovered, { snapshot: undefined, records: ["kept", "new"], report: [] });
    });
  }

  it("makes durable what a restart has found, acknowledged before or not", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    disk.breakDown({ operations: ["datasync", "truncate"], path: "log", errno: "EIO", after: 1 });
    await journalError(journal.append(bytes("in the page cache")));

    const restarted = disk.afterKill();
    assert.deepEqual((await reopen(restarted)).records, ["in the page cache"]);

    const lost = 0.25;
    const { records } = await reopen(restarted.afterPowerCut(() => lost));
    assert.deepEqual(records, ["in the page cache"]);
  });

  it("loses nothing acknowledged and makes nothing up, whichever call fails or is the last", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60),
        fc.boolean(),
        fc.infiniteStream(unit),
        async (after, isCut, chances) => {
          const disk = new MemoryDisk();
          const { journal } = await open(disk, { logBytesMax: 150 });
          disk.breakDown({ errno: "EIO", after });
          const acknowledged: string[] = [];
          const chance = () => chances.next().value ?? 0;

          const sent = await appendUntilFailure(journal, acknowledged);
          const survivor = isCut ? disk.afterPowerCut(chance) : disk.afterKill();
          const { records, snapshot } = await reopen(survivor);

          const state = [...(snapshot ? snapshot.split(" ") : []), ...records];
          assert.deepEqual(state.slice(0, acknowledged.length), acknowledged);
          assert.deepEqual(state, sent.slice(0, state.length));
        },
      ),
    );
  });

  const unit = fc.nat(999).map((thousandth) => thousandth / 1000);

  /** Appends in groups with a snapshot now and then, until something is refused. */
  async function appendUntilFailure(journal: Journal, acknowledged: string[]): Promise<string[]> {
    const sent: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      const group = [1, 2, 3].map((index) => `${round}-${index}`);
      sent.push(...group);
      const appends = group.map(async (record) => {
        await journal.append(bytes(record));
        acknowledged.push(record);
      });
      if (round % 4 === 3) {
        const state = [bytes(sent.join(" "))];
        await Promise.all(
          [...appends, journal.writeSnapshot(state)].map((work) => work.catch(() => 0)),
        );
      }
      const outcomes = await Promise.allSettled(appends);
      if (outcomes.some(({ status }) => status === "rejected")) break;
    }
    return sent;
  }
});

async function reopenAfterKill(disk: MemoryDisk) {
  return reopen(disk.afterKill());
}
