import assert from "node:assert/strict";
import fc from "fast-check";
import { openJournal } from "../../src/journal/journal.ts";
import { JournalError } from "../../src/journal/journal-error.ts";
import { crc32c } from "../../src/lib/crc32c.ts";
import { MemoryDisk } from "../support/memory-disk.ts";

const directory = "/state";
const log0 = `${directory}/log-${"0".repeat(20)}`;
const headerSize = 32;

async function open(disk: MemoryDisk) {
  const opened = await openJournal({ directory, disk });
  return { ...opened, records: opened.recovered.records.map((bytes) => text(bytes)) };
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

/** Appends records one by one, so that none shares a write with another. */
async function diskWith(...records: string[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await open(disk);
  for (const record of records) await journal.append(Buffer.from(record));
  return disk.afterKill();
}

function aside(disk: MemoryDisk): string[] {
  return disk.paths().filter((path) => path.includes(".corrupt-"));
}

describe("journal recovery of a log", () => {
  const records = ["first", "second", "third and last"];
  const lastSize = 16 + "third and last".length;

  it("cuts off a last record torn at any byte, and goes on behind the one before", async () => {
    const whole = await diskWith(...records);
    const size = whole.bytes(log0).length;
    for (let left = 1; left < lastSize; left += 1) {
      const disk = whole.altered((_, bytes) => bytes.slice(0, size - lastSize + left));

      const { journal, records: found, recovered } = await open(disk);
      await journal.append(Buffer.from("next"));

      assert.deepEqual(found, ["first", "second"]);
      assert.match(recovered.report.join(), /^log-0+: offset 75: record 3 .* is cut off$/);
      assert.deepEqual(aside(disk), []);
      assert.deepEqual((await open(disk.afterKill())).records, ["first", "second", "next"]);
    }
  });

  it("takes a tail of zeros for a write that never came", async () => {
    const disk = (await diskWith(...records)).altered((_, bytes) =>
      Buffer.concat([bytes, Buffer.alloc(5000)]),
    );

    const { records: found, recovered } = await open(disk);

    assert.deepEqual(found, records);
    assert.match(recovered.report.join(), /record 4 is missing, 5000 bytes of zeros .* cut off$/);
  });

  it("survives any flipped bit with the records before it and keeps the rest aside", async () => {
    const whole = await diskWith(...records);
    const original = whole.bytes(log0);
    for (let bit = 0; bit < original.length * 8; bit += 1) {
      const disk = whole.altered((_, bytes) => flipped(bytes, bit));

      const { found, report } = await outcome(disk);

      if (found === undefined) {
        assert(bit < (headerSize + 16 + "first".length) * 8, `bit ${bit} refused`);
        assert.deepEqual(disk.paths(), [log0], "a directory refused is left as it was");
        continue;
      }
      assert.deepEqual(found, records.slice(0, found.length));
      assert.equal(found.length, bit < 75 * 8 ? 1 : 2);
      assert.equal(report.length, 1);
      const end = disk.bytes(log0).length;
      // The length of the very last record may have grown beyond the file: then it looks torn.
      if (report[0]?.endsWith("is cut off")) assert.equal(found.length, 2);
      else assert.deepEqual(disk.bytes(aside(disk)[0] ?? ""), flipped(original, bit).slice(end));
    }
  });

  it("refuses to start empty when acknowledged records are lost from the first on", async () => {
    const disk = (await diskWith(...records)).altered((_, bytes) => flipped(bytes, 40 * 8));

    await assert.rejects(open(disk), (error) => {
      assert(error instanceof JournalError);
      assert.equal(error.code, "no-good-state");
      assert.match(error.message, /first record is damaged .*offset 32.*move its files away/);
      return true;
    });
  });

  const ruins = [
    { name: "the first record zeroed", ruin: (bytes: Uint8Array) => zeroed(bytes, 32, 32 + 21) },
    { name: "its length zeroed", ruin: (bytes: Uint8Array) => zeroed(bytes, 36, 40) },
    { name: "zeros to the end", ruin: (bytes: Uint8Array) => zeroed(bytes, 32, bytes.length) },
    { name: "one bit flipped", ruin: (bytes: Uint8Array) => flipped(bytes, 50 * 8) },
    { name: "the record cut", ruin: (bytes: Uint8Array) => bytes.slice(0, 50) },
    { name: "all records cut", ruin: (bytes: Uint8Array) => bytes.slice(0, 32) },
    { name: "the file emptied", ruin: () => new Uint8Array() },
  ];
  for (const { name, ruin } of ruins) {
    for (const count of [1, 3]) {
      it(`refuses to start empty with ${name} in a log of ${count}, and leaves all there`, async () => {
        const whole = await diskWith(...records.slice(0, count));
        const disk = whole.altered((path, bytes) => (path === log0 ? ruin(bytes) : bytes));
        const [before, bytes] = [disk.paths(), disk.bytes(log0)];

        await assert.rejects(open(disk), (error) => {
          assert(error instanceof JournalError);
          assert.equal(error.code, "no-good-state");
          assert.match(error.message, /move its files away/);
          return true;
        });
        assert.deepEqual(disk.paths(), before);
        assert.deepEqual(disk.bytes(log0), bytes);
      });
    }
  }

  it("refuses to start empty when the log is gone", async () => {
    const disk = await diskWith(...records);
    await disk.remove(log0);

    await assert.rejects(open(disk), { code: "no-good-state" });
  });

  it("starts empty where the first record ever was never acknowledged", async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk);
    disk.breakDown({ operations: ["datasync"], path: "log-", errno: "EIO", after: 1 });
    await assert.rejects(journal.append(Buffer.from("first")));
    for (const left of [0, 20, 32, 40, 53]) {
      const torn = disk.afterKill().altered((path, bytes) => {
        return path === log0
          ? Buffer.concat([bytes, Buffer.alloc(30, 7)]).subarray(0, left)
          : bytes;
      });

      const { journal: again, records: found } = await open(torn);
      await again.append(Buffer.from("next"));

      assert.deepEqual(found, []);
      assert.deepEqual((await open(torn.afterKill())).records, ["next"]);
    }
  });

  it("lets a length field gone mad do no harm", async () => {
    const disk = (await diskWith(...records)).altered((_, bytes) => {
      const mad = Buffer.from(bytes);
      mad.writeUInt32LE(0xffff_ffff, headerSize + 16 + "first".length + 4);
      return mad;
    });

    const { records: found, recovered } = await open(disk);

    assert.deepEqual(found, ["first"]);
    assert.match(
      recovered.report.join(),
      /offset 53: record 2 is damaged, offset 75 has a good one/,
    );
    assert.equal(aside(disk).length, 1);
  });

  it("keeps later logs aside that follow a lost record, and says so", async () => {
    const disk = await diskWithLogs();
    const damaged = disk.altered((path, bytes) =>
      path === log0 ? flipped(bytes, bytes.length * 8 - 1) : bytes,
    );

    const { records: found, recovered, journal } = await open(damaged);
    await journal.append(Buffer.from("next"));

    assert.deepEqual(found, ["1"]);
    assert.equal(recovered.report.length, 3);
    assert.match(
      recovered.report.join("\n"),
      /log-0+2: follows what is lost; kept as log-0+2\.corrupt-1/,
    );
    assert.equal(aside(damaged).length, 3);
    assert.deepEqual((await open(damaged.afterKill())).records, ["1", "next"]);
  });

  it("stops where a log is missing", async () => {
    const disk = await diskWithLogs();
    await disk.remove(`${directory}/log-${"2".padStart(20, "0")}`);

    const { records: found, recovered } = await open(disk);

    assert.deepEqual(found, ["1", "2"]);
    assert.match(recovered.report.join(), /records 3 to 4 are missing.*log-0+4\.corrupt-1/);
  });

  it("starts a log anew whose header did not reach the disk", async () => {
    const disk = await diskWithLogs();
    const last = disk.paths().at(-1) ?? "";
    for (let size = 0; size <= headerSize; size += 8) {
      const torn = disk.altered((path, bytes) => (path === last ? new Uint8Array(size) : bytes));

      const { journal, records: found } = await open(torn);
      await journal.append(Buffer.from("next"));

      assert.deepEqual(found, ["1", "2", "3", "4"]);
      assert.deepEqual((await open(torn.afterKill())).records, ["1", "2", "3", "4", "next"]);
    }
  });

  it("leaves files of a newer format alone", async () => {
    const disk = (await diskWith("1")).altered((_, bytes) => {
      const newer = Buffer.from(bytes);
      newer.writeUInt32LE(2, 8);
      newer.writeUInt32LE(crc32c(newer.subarray(0, 28)), 28);
      return newer;
    });

    await assert.rejects(open(disk), { code: "unsupported-version", path: log0 });
  });

  it("makes the same of a damaged directory when interrupted anywhere and run again", async () => {
    const whole = await diskWithLogs();
    const damaged = () =>
      whole.altered((path, bytes) =>
        path === log0 ? flipped(bytes, bytes.length * 8 - 1) : bytes,
      );
    await fc.assert(
      fc.asyncProperty(fc.nat(25), fc.infiniteStream(fc.nat(99)), async (after, chances) => {
        const disk = damaged();
        disk.breakDown({ errno: "EIO", after });
        await open(disk).catch(() => undefined);

        const survivor = disk.afterPowerCut(() => (chances.next().value ?? 0) / 100);

        assert.deepEqual((await open(survivor)).records, ["1"]);
        const kept = aside(survivor).map((path) => text(survivor.bytes(path)).slice(-1));
        for (const record of ["4", "5"]) assert(kept.includes(record), `${record} in ${kept}`);
        assert.equal(kept.length >= 3, true, "the damaged record itself is kept too");
      }),
    );
  });
});

describe("journal recovery of snapshots", () => {
  const states = [
    { name: "both snapshots whole", snapshot: "state 4", records: ["5", "6"], reported: 0 },
    {
      name: "the newest damaged",
      damaged: [4],
      snapshot: "state 2",
      records: ["3", "4", "5", "6"],
      reported: 1,
    },
    {
      name: "the older damaged",
      damaged: [2],
      snapshot: "state 4",
      records: ["5", "6"],
      reported: 0,
    },
  ];
  for (const { name, damaged = [], snapshot, records, reported } of states) {
    it(`with ${name} finds ${snapshot} and what follows`, async () => {
      const disk = (await diskWithSnapshots()).altered((path, bytes) =>
        damaged.some((sequence) => path.endsWith(`snapshot-${String(sequence).padStart(20, "0")}`))
          ? flipped(bytes, 8 * headerSize + 200)
          : bytes,
      );

      const { recovered, records: found } = await open(disk);

      assert.equal(text(recovered.snapshot), snapshot);
      assert.deepEqual(found, records);
      assert.equal(recovered.report.length, reported);
      assert.equal(aside(disk).length, reported);
    });
  }

  it("refuses to start from nothing when no snapshot can be read", async () => {
    const disk = (await diskWithSnapshots()).altered((path, bytes) =>
      path.includes("snapshot") ? bytes.slice(0, -1) : bytes,
    );
    const before = disk.paths();

    await assert.rejects(open(disk), { code: "no-good-state" });
    assert.deepEqual(disk.paths(), before);
  });

  it("sees that a snapshot is cut at any byte", async () => {
    const whole = await diskWithSnapshots();
    const newest = `${directory}/snapshot-${"4".padStart(20, "0")}`;
    for (let size = 0; size < whole.bytes(newest).length; size += 1) {
      const disk = whole.altered((path, bytes) => (path === newest ? bytes.slice(0, size) : bytes));

      assert.equal(text((await open(disk)).recovered.snapshot), "state 2");
    }
  });

  it("removes a snapshot that was not finished", async () => {
    const disk = await diskWithSnapshots();
    await disk.open(`${directory}/snapshot-${"6".padStart(20, "0")}.tmp`, "create");

    const { recovered } = await open(disk);

    assert.equal(text(recovered.snapshot), "state 4");
    assert.match(recovered.report.join(), /not finished; removed/);
    assert.equal(
      disk.paths().some((path) => path.endsWith(".tmp")),
      false,
    );
  });
});

async function outcome(
  disk: MemoryDisk,
): Promise<{ found: string[] | undefined; report: readonly string[] }> {
  try {
    const { records, recovered } = await open(disk);
    return { found: records, report: recovered.report };
  } catch (error) {
    assert(error instanceof JournalError);
    assert(["no-good-state", "unsupported-version"].includes(error.code), error.message);
    return { found: undefined, report: [] };
  }
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

function zeroed(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return Uint8Array.from(bytes).fill(0, from, to);
}

/** Logs 0 (records 1, 2), 2 (3, 4) and 4 (5). */
async function diskWithLogs(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await openJournal({ directory, disk, logBytesMax: headerSize + 17 });
  for (const record of ["1", "2", "3", "4", "5"]) await journal.append(Buffer.from(record));
  return disk.afterKill();
}

/** Snapshots after records 2 and 4 of 6. */
async function diskWithSnapshots(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await open(disk);
  for (const number of [1, 2, 3, 4, 5, 6]) {
    await journal.append(Buffer.from(String(number)));
    if (number === 2 || number === 4) await journal.writeSnapshot([Buffer.from(`state ${number}`)]);
  }
  return disk.afterKill();
}
