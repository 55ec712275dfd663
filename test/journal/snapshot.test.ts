import assert from "node:assert/strict";
import { openJournal } from "../../src/journal/journal.ts";
import { JournalError } from "../../src/journal/journal-error.ts";
import { MemoryDisk } from "../support/memory-disk.ts";

const directory = "/state";

async function reopen(disk: MemoryDisk) {
  const { recovered } = await openJournal({ directory, disk: disk.afterKill() });
  return {
    snapshot: recovered.snapshot && Buffer.from(recovered.snapshot).toString(),
    records: recovered.records.map((bytes) => Buffer.from(bytes).toString()),
  };
}

describe("journal snapshots", () => {
  it("replace exactly the records appended before the call, durable or not", async () => {
    const disk = new MemoryDisk();
    const { journal } = await openJournal({ directory, disk });

    const before = journal.append(Buffer.from("1"));
    const snapshot = journal.writeSnapshot([
      Buffer.from("state"),
      new Uint8Array(),
      Buffer.from(" 1"),
    ]);
    const after = journal.append(Buffer.from("2"));
    await Promise.all([before, snapshot, after]);

    assert.deepEqual(await reopen(disk), { snapshot: "state 1", records: ["2"] });
  });

  it("survive a power cut once written", async () => {
    const disk = new MemoryDisk();
    const { journal } = await openJournal({ directory, disk });
    await journal.append(Buffer.from("1"));
    await journal.writeSnapshot([Buffer.from("state 1")]);

    const lost = 0.9;

    assert.deepEqual(await reopen(disk.afterPowerCut(() => lost)), {
      snapshot: "state 1",
      records: [],
    });
  });

  it("keep the snapshot before them and the log between, and nothing older", async () => {
    const disk = new MemoryDisk();
    const { journal } = await openJournal({ directory, disk });

    for (const number of [1, 2, 3, 4]) {
      await journal.append(Buffer.from(String(number)));
      await journal.writeSnapshot([Buffer.from(`state ${number}`)]);
    }

    const names = disk.paths().map((path) => path.replace(/^.*\/(\w+)-0*(\d+)$/, "$1 $2"));
    assert.deepEqual(names, ["log 3", "snapshot 3", "snapshot 4"]);
  });

  it("hold a large state, pulled slice by slice while appends go on", async () => {
    const disk = new MemoryDisk();
    const { journal } = await openJournal({ directory, disk });
    const appended: number[] = [];
    async function* slices() {
      for (let slice = 0; slice < 3; slice += 1) {
        await journal.append(Buffer.from(String(slice)));
        appended.push(slice);
        yield Buffer.alloc(700_000, String(slice));
      }
    }

    await journal.writeSnapshot(slices());

    const state = await reopen(disk);
    assert.deepEqual(appended, [0, 1, 2]);
    assert.equal(state.snapshot, "0".repeat(700_000) + "1".repeat(700_000) + "2".repeat(700_000));
    assert.deepEqual(state.records, ["0", "1", "2"]);
  });

  it("are due when the log has outgrown both the minimum and the ratio", async () => {
    const disk = new MemoryDisk();
    const options = { directory, disk, snapshotLogBytesMin: 1000, snapshotRatio: 2 };
    const { journal } = await openJournal(options);
    const appendBytes = (size: number) => journal.append(Buffer.alloc(size - 16));

    await appendBytes(999);
    assert.equal(journal.isSnapshotDue, false);
    await appendBytes(16);
    assert.equal(journal.isSnapshotDue, true);
    const written = journal.writeSnapshot([Buffer.alloc(3000)]);
    assert.equal(journal.isSnapshotDue, false);
    await written;
    await appendBytes(6000);
    assert.equal(journal.isSnapshotDue, false);
    await appendBytes(200);
    assert.equal(journal.isSnapshotDue, true);

    const reopened = await openJournal({ ...options, disk: disk.afterKill() });
    assert.equal(reopened.journal.isSnapshotDue, true);
  });

  it("that cannot be written leave the journal working and are not due at once", async () => {
    const disk = new MemoryDisk();
    const { journal } = await openJournal({ directory, disk, snapshotLogBytesMin: 100 });
    await journal.append(Buffer.alloc(100));
    assert.equal(journal.isSnapshotDue, true);
    disk.breakDown({ operations: ["write"], path: "snapshot", errno: "ENOSPC", after: 1 });

    await assert.rejects(journal.writeSnapshot([Buffer.from("state")]), (error) => {
      return (
        error instanceof JournalError && error.code === "no-space" && /snapshot/.test(error.path)
      );
    });

    assert.equal(journal.isSnapshotDue, false);
    await journal.append(Buffer.from("goes on"));
    assert.equal((await reopen(disk)).records.at(-1), "goes on");
    assert.equal(
      disk.paths().some((path) => path.endsWith(".tmp")),
      false,
    );
  });

  it("fail with a record they include, and do not come back", async () => {
    const disk = new MemoryDisk();
    const { journal } = await openJournal({ directory, disk });
    await journal.append(Buffer.from("1"));
    disk.breakDown({ operations: ["datasync"], path: "log", errno: "EIO", after: 0 });

    const appended = journal.append(Buffer.from("undone"));
    const snapshot = journal.writeSnapshot([Buffer.from("state with undone")]);
    const outcomes = await Promise.allSettled([appended, snapshot]);

    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.deepEqual(await reopen(disk), { snapshot: undefined, records: ["1"] });
  });
});
