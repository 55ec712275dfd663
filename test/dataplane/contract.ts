import assert from "node:assert/strict";
import {
  type Dataplane,
  JUMP_TABLE_SLOTS,
  KernelError,
  type ObjectRequest,
  type Row,
} from "../../src/dataplane/dataplane.ts";
import { fixtureObject, u32, u64 } from "../support/fixture-object.ts";

/** A data plane that can load the object `fixture`, and a device to attach to. */
export interface ContractHarness extends Disposable {
  readonly dataplane: Dataplane;
  readonly ifindex: number;
  /** Path of that object, where there are files. */
  readonly objectFile: string;
  /** Makes a program of the object write `record`, six bytes, to the ring buffer `events`. */
  emit(objectId: string, record: Uint8Array): void;
  /** Puts another compiled file in place: the rows of `table` have another form of that size. */
  recompile(): void;
}

const ID = "cubes/br.0";

/** A program that the hook of the other one does not take. */
const otherFamily = { ingress: "rewrite", rewrite: "ingress" } as const;

function request(changes: Partial<ObjectRequest> = {}): ObjectRequest {
  return { id: ID, object: "fixture", constants: {}, capacity: {}, ...changes };
}

function row(key: number, value: number): Row {
  return { key: u32(key), value: u64(value) };
}

function route(prefixLength: number, ...address: number[]): Uint8Array {
  return Uint8Array.from([...u32(prefixLength), ...address]);
}

/** Rows in key order: the kernel's own order means nothing. */
function sorted(rows: readonly Row[]): string[] {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return rows.map(({ key, value }) => `${hex(key)}=${hex(value)}`).sort();
}

function refuses(code: string, operation: () => void): void {
  assert.throws(operation, (error) => {
    assert.ok(error instanceof KernelError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** What both implementations of Dataplane must do alike. */
export function describeContract(open: () => ContractHarness): void {
  let harness: ContractHarness;
  let dataplane: Dataplane;

  beforeEach(() => {
    harness = open();
    dataplane = harness.dataplane;
  });

  afterEach(() => harness[Symbol.dispose]());

  describe("objects", () => {
    const refusals: { title: string; code: string; change: Partial<ObjectRequest> }[] = [
      { title: "an object nobody compiled", code: "ENOENT", change: { object: "absent" } },
      { title: "an unknown constant", code: "ENOENT", change: { constants: { none: u32(1) } } },
      { title: "a constant too long", code: "EINVAL", change: { constants: { verdict: u64(1) } } },
      { title: "the capacity of no map", code: "ENOENT", change: { capacity: { none: 1 } } },
      { title: "a capacity of nothing", code: "EINVAL", change: { capacity: { table: 0 } } },
    ];

    for (const { title, code, change } of refusals) {
      it(`refuses ${title} with ${code} and has loaded nothing`, () => {
        refuses(code, () => dataplane.loadObject(request(change)));

        assert.deepEqual(dataplane.objects(), []);
      });
    }

    it("loads an object under an id and remembers the request", () => {
      const wanted = request({ constants: { verdict: u32(2) }, capacity: { table: 2 } });

      dataplane.loadObject(wanted);

      assert.deepEqual(dataplane.objects(), [ID]);
      assert.deepEqual(dataplane.loadedRequest(ID), wanted);
    });

    it("loads the programs of one family alone", () => {
      const wanted = request({ families: ["tc"] });

      dataplane.loadObject(wanted);

      assert.deepEqual(dataplane.loadedRequest(ID), wanted);
      dataplane.setProgram(1, ID, "ingress");
      refuses("ENOENT", () => dataplane.setProgram(1, ID, "rewrite"));
    });

    it("loads an object that it was offered, until that is withdrawn", () => {
      const layout = { ...fixtureObject, name: "offered" };
      const offered = request({ object: "offered" });
      refuses("ENOENT", () => dataplane.loadObject(offered));

      dataplane.offerObject(layout, harness.objectFile);
      dataplane.loadObject(offered);
      assert.deepEqual(dataplane.loadedRequest(ID), offered);
      dataplane.putRows(ID, "table", [row(1, 10)]);
      dataplane.unloadObject(ID);

      dataplane.withdrawObject("offered");
      refuses("ENOENT", () => dataplane.loadObject(offered));
    });

    it("refuses an id already loaded", () => {
      dataplane.loadObject(request());

      refuses("EEXIST", () => dataplane.loadObject(request()));
    });

    it("keeps the maps of two instances apart", () => {
      dataplane.loadObject(request());
      dataplane.loadObject(request({ id: "cubes/programs" }));

      dataplane.putRows(ID, "table", [row(1, 10)]);

      assert.deepEqual(dataplane.rows("cubes/programs", "table"), []);
      assert.deepEqual([...dataplane.objects()].sort(), [ID, "cubes/programs"]);
    });

    it("forgets an unloaded object", () => {
      dataplane.loadObject(request());

      dataplane.unloadObject(ID);

      assert.deepEqual(dataplane.objects(), []);
      assert.equal(dataplane.loadedRequest(ID), undefined);
      refuses("ENOENT", () => dataplane.rows(ID, "table"));
      refuses("ENOENT", () => dataplane.unloadObject(ID));
    });
  });

  describe("a successor", () => {
    const NEXT = "cubes/next";
    const all = ["cells", "counts", "events", "recent", "routes", "table"];

    beforeEach(() => dataplane.loadObject(request()));

    it("shares the maps of the object before it, also when that is gone", () => {
      dataplane.putRows(ID, "table", [row(1, 10)]);

      const taken = dataplane.mapsTakenAlong(request({ id: NEXT }), ID);
      dataplane.loadObject(request({ id: NEXT }), ID);

      assert.deepEqual([...taken].sort(), all);
      dataplane.putRows(NEXT, "table", [row(2, 20)]);
      assert.deepEqual(sorted(dataplane.rows(ID, "table")), sorted([row(1, 10), row(2, 20)]));
      dataplane.unloadObject(ID);
      assert.deepEqual(sorted(dataplane.rows(NEXT, "table")), sorted([row(1, 10), row(2, 20)]));
    });

    it("begins with the rows of maps that have become larger, and leaves the old ones alone", () => {
      const rows = [1, 2, 3, 4].map((key) => row(key, key * 10));
      dataplane.putRows(ID, "table", rows);
      dataplane.putRows(ID, "recent", [row(7, 70)]);
      const larger = request({ id: NEXT, capacity: { table: 1000, recent: 64 } });

      const taken = dataplane.mapsTakenAlong(larger, ID);
      dataplane.loadObject(larger, ID);

      assert.deepEqual([...taken].sort(), all);
      assert.deepEqual(sorted(dataplane.rows(NEXT, "table")), sorted(rows));
      assert.deepEqual(dataplane.rows(NEXT, "recent"), [row(7, 70)]);
      dataplane.putRows(NEXT, "table", [row(5, 50)]);
      assert.deepEqual(sorted(dataplane.rows(ID, "table")), sorted(rows));
    });

    it("begins without rows where there is less room", () => {
      dataplane.putRows(ID, "table", [row(1, 10)]);
      const smaller = request({ id: NEXT, capacity: { table: 2 } });

      const taken = dataplane.mapsTakenAlong(smaller, ID);
      dataplane.loadObject(smaller, ID);

      assert.equal(taken.has("table"), false);
      assert.deepEqual(dataplane.rows(NEXT, "table"), []);
    });

    it("begins without rows where these have another form, and shares the other maps", () => {
      dataplane.putRows(ID, "table", [row(1, 10)]);
      dataplane.putRows(ID, "cells", [row(1, 10)]);
      harness.recompile();

      const reliable = dataplane.loadedRequest(ID);
      const taken = dataplane.mapsTakenAlong(request({ id: NEXT }), ID);
      dataplane.loadObject(request({ id: NEXT }), ID);

      assert.equal(reliable, undefined);
      assert.deepEqual(
        [...taken].sort(),
        all.filter((name) => name !== "table"),
      );
      assert.deepEqual(dataplane.rows(NEXT, "table"), []);
      assert.deepEqual(dataplane.rows(NEXT, "cells")[1], row(1, 10));
      assert.deepEqual(dataplane.loadedRequest(NEXT), request({ id: NEXT }));
    });

    it("of an object that is not there begins with nothing", () => {
      dataplane.loadObject(request({ id: NEXT }), "cubes/none");

      assert.deepEqual(dataplane.rows(NEXT, "table"), []);
      assert.deepEqual([...dataplane.mapsTakenAlong(request(), "cubes/none")], []);
    });
  });

  describe("rows", () => {
    beforeEach(() => dataplane.loadObject(request()));

    it("overwrites a key that exists", () => {
      dataplane.putRows(ID, "table", [row(1, 10), row(2, 20)]);
      dataplane.putRows(ID, "table", [row(2, 21)]);

      assert.deepEqual(sorted(dataplane.rows(ID, "table")), sorted([row(1, 10), row(2, 21)]));
      assert.deepEqual(dataplane.lookup(ID, "table", u32(2)), u64(21));
      assert.equal(dataplane.lookup(ID, "table", u32(3)), undefined);
    });

    it("has as many rows as the capacity it was loaded with", () => {
      const id = "cubes/large";
      dataplane.loadObject(request({ id, capacity: { table: 1000, cells: 2 } }));
      const rows = Array.from({ length: 1000 }, (_, index) => row(index, index * 3));

      dataplane.putRows(id, "table", rows);

      assert.deepEqual(sorted(dataplane.rows(id, "table")), sorted(rows));
      assert.equal(dataplane.rows(id, "cells").length, 2);
      refuses("E2BIG", () => dataplane.putRows(id, "table", [row(1000, 1)]));
    });

    for (const count of [4, 12]) {
      it(`writes none of ${count} rows when the last do not fit`, () => {
        dataplane.putRows(ID, "table", [row(1, 10), row(2, 20)]);
        const rows = Array.from({ length: count }, (_, index) => row(index + 2, 99));

        refuses("E2BIG", () => dataplane.putRows(ID, "table", rows));

        assert.deepEqual(sorted(dataplane.rows(ID, "table")), sorted([row(1, 10), row(2, 20)]));
      });

      it(`deletes none of ${count} keys when the last is absent`, () => {
        const rows = [row(1, 10), row(2, 20)];
        dataplane.putRows(ID, "table", rows);
        const keys = Array.from({ length: count }, (_, index) => u32(index + 1));

        refuses("ENOENT", () => dataplane.deleteRows(ID, "table", keys));

        assert.deepEqual(sorted(dataplane.rows(ID, "table")), sorted(rows));
      });
    }

    it("deletes rows", () => {
      dataplane.putRows(ID, "table", [row(1, 10), row(2, 20)]);

      dataplane.deleteRows(ID, "table", [u32(1)]);

      assert.deepEqual(dataplane.rows(ID, "table"), [row(2, 20)]);
    });

    it("has every row of an array from the start, and zeroes deleted ones", () => {
      dataplane.putRows(ID, "cells", [row(1, 10), row(2, 20)]);

      dataplane.deleteRows(ID, "cells", [u32(1)]);

      const expected = [row(0, 0), row(1, 0), row(2, 20), row(3, 0)];
      assert.deepEqual(dataplane.rows(ID, "cells"), expected);
      refuses("ENOENT", () => dataplane.deleteRows(ID, "cells", [u32(2), u32(4)]));
      refuses("E2BIG", () => dataplane.putRows(ID, "cells", [row(2, 1), row(4, 1)]));
      assert.deepEqual(dataplane.rows(ID, "cells"), expected);
      assert.equal(dataplane.lookup(ID, "cells", u32(4)), undefined);
    });

    it("keeps a value for each CPU in a per-CPU map", () => {
      const values = Uint8Array.from(
        Array.from({ length: dataplane.cpuCount }, (_, cpu) => [...u64(cpu + 1)]).flat(),
      );

      dataplane.putRows(ID, "counts", [{ key: u32(3), value: values }]);

      assert.deepEqual(dataplane.lookup(ID, "counts", u32(3)), values);
      assert.deepEqual(dataplane.rows(ID, "counts")[3]?.value, values);
      refuses("EINVAL", () => dataplane.putRows(ID, "counts", [{ key: u32(3), value: u32(1) }]));
      dataplane.deleteRows(ID, "counts", [u32(3)]);
      assert.deepEqual(dataplane.lookup(ID, "counts", u32(3)), new Uint8Array(values.length));
    });

    it("makes room in an LRU map instead of refusing", () => {
      const rows = Array.from({ length: 32 }, (_, index) => row(index, index));

      for (const single of rows) dataplane.putRows(ID, "recent", [single]);

      const kept = dataplane.rows(ID, "recent").length;
      assert.ok(kept >= 1 && kept <= 4, `${kept} rows`);
    });

    it("finds the longest prefix, and deletes only the exact one", () => {
      const wide = { key: route(8, 10, 0, 0, 0), value: u64(8) };
      const narrow = { key: route(20, 10, 1, 0x10, 0), value: u64(20) };
      dataplane.putRows(ID, "routes", [wide, narrow]);

      assert.deepEqual(dataplane.lookup(ID, "routes", route(32, 10, 1, 0x1f, 1)), u64(20));
      assert.deepEqual(dataplane.lookup(ID, "routes", route(32, 10, 1, 0x20, 1)), u64(8));
      assert.equal(dataplane.lookup(ID, "routes", route(32, 11, 0, 0, 1)), undefined);
      refuses("ENOENT", () => dataplane.deleteRows(ID, "routes", [route(9, 10, 0, 0, 0)]));
      refuses("EINVAL", () => dataplane.lookup(ID, "routes", route(33, 0, 0, 0, 0)));
      dataplane.deleteRows(ID, "routes", [narrow.key]);
      assert.deepEqual(dataplane.rows(ID, "routes"), [wide]);
    });

    it("writes none of the prefixes when the last do not fit", () => {
      const before = [{ key: route(8, 10, 0, 0, 0), value: u64(1) }];
      dataplane.putRows(ID, "routes", before);
      const rows = [8, 16, 17, 18, 19].map((length) => ({
        key: route(length, 10, 0, 0, 0),
        value: u64(2),
      }));

      refuses("ENOSPC", () => dataplane.putRows(ID, "routes", rows));

      assert.deepEqual(dataplane.rows(ID, "routes"), before);
    });

    const refusals: { title: string; code: string; run: (dataplane: Dataplane) => void }[] = [
      {
        title: "a key of the wrong size",
        code: "EINVAL",
        run: (to) => to.putRows(ID, "table", [{ key: u64(1), value: u64(1) }]),
      },
      {
        title: "a value of the wrong size",
        code: "EINVAL",
        run: (to) => to.putRows(ID, "table", [{ key: u32(1), value: u32(1) }]),
      },
      {
        title: "looking up a key of the wrong size",
        code: "EINVAL",
        run: (to) => to.lookup(ID, "table", u64(1)),
      },
      {
        title: "deleting a key of the wrong size",
        code: "EINVAL",
        run: (to) => to.deleteRows(ID, "table", [u64(1)]),
      },
      { title: "an unknown map", code: "ENOENT", run: (to) => to.putRows(ID, "none", []) },
      { title: "an unknown object", code: "ENOENT", run: (to) => to.rows("cubes/none", "table") },
      { title: "the rows of a ring buffer", code: "EINVAL", run: (to) => to.rows(ID, "events") },
      { title: "the rows of a jump table", code: "EINVAL", run: (to) => to.rows(ID, "jmp_tc") },
    ];

    for (const { title, code, run } of refusals) {
      it(`refuses ${title} with ${code}`, () => {
        refuses(code, () => run(dataplane));
      });
    }
  });

  describe("the census", () => {
    const cases = [
      { map: "table", rows: 2 },
      { map: "recent", rows: 2 },
      { map: "cells", rows: undefined },
      { map: "routes", rows: undefined },
    ];

    for (const { map, rows } of cases) {
      it(`${rows === undefined ? "does not count" : "counts"} the rows of ${map}`, () => {
        dataplane.loadObject(request({ capacity: { [map]: 3 } }));
        const keys =
          map === "routes"
            ? [route(8, 1, 0, 0, 0), route(8, 2, 0, 0, 0)]
            : [u32(0), u32(1), u32(2)];
        for (const key of keys) dataplane.putRows(ID, map, [{ key, value: u64(1) }]);
        dataplane.deleteRows(ID, map, keys.slice(-1));

        assert.deepEqual(dataplane.census().of(ID, map), { rows, maxEntries: 3 });
      });
    }
  });

  describe("jump tables", () => {
    beforeEach(() => dataplane.loadObject(request()));

    it("hold programs in the table of their family, until cleared", () => {
      dataplane.setProgram(5, ID, "ingress");
      dataplane.setProgram(5, ID, "rewrite");
      dataplane.setProgram(JUMP_TABLE_SLOTS - 1, ID, "ingress");
      dataplane.clearProgram("tc", 5);

      assert.deepEqual(dataplane.programs(), [
        { family: "tc", slot: JUMP_TABLE_SLOTS - 1, objectId: ID, program: "ingress" },
        { family: "xdp", slot: 5, objectId: ID, program: "rewrite" },
      ]);
    });

    it("replace the program of a slot", () => {
      dataplane.setProgram(0, ID, "ingress");
      dataplane.setProgram(0, ID, "entry");

      assert.deepEqual(dataplane.programs(), [
        { family: "tc", slot: 0, objectId: ID, program: "entry" },
      ]);
    });

    it("refuse slots beyond the end, empty slots and unknown programs", () => {
      refuses("E2BIG", () => dataplane.setProgram(JUMP_TABLE_SLOTS, ID, "ingress"));
      refuses("ENOENT", () => dataplane.clearProgram("tc", 0));
      refuses("ENOENT", () => dataplane.setProgram(0, ID, "none"));
      refuses("ENOENT", () => dataplane.setProgram(0, "cubes/none", "ingress"));
    });

    it("keep an object loaded while they hold its program", () => {
      dataplane.setProgram(0, ID, "ingress");

      refuses("EBUSY", () => dataplane.unloadObject(ID));

      dataplane.clearProgram("tc", 0);
      dataplane.unloadObject(ID);
    });
  });

  describe("attachments", () => {
    beforeEach(() => dataplane.loadObject(request()));

    for (const [hook, program] of [
      ["tcx-ingress", "ingress"],
      ["tcx-egress", "entry"],
      ["xdp-native", "rewrite"],
      ["xdp-generic", "rewrite"],
    ] as const) {
      it(`are made at ${hook} and undone`, () => {
        const attachment = { ifindex: harness.ifindex, hook, objectId: ID, program };

        dataplane.attach(attachment);

        assert.deepEqual(dataplane.attachments(), [attachment]);
        refuses("EBUSY", () => dataplane.attach(attachment));
        refuses("EBUSY", () => dataplane.unloadObject(ID));
        dataplane.detach(harness.ifindex, hook);
        assert.deepEqual(dataplane.attachments(), []);
        refuses("ENOENT", () => dataplane.detach(harness.ifindex, hook));
      });
    }

    for (const [hook, program] of [
      ["tcx-ingress", "ingress"],
      ["xdp-native", "rewrite"],
    ] as const) {
      it(`are taken over by another object's program at ${hook}`, () => {
        const attachment = { ifindex: harness.ifindex, hook, objectId: ID, program };
        const next = { ...attachment, objectId: "cubes/next" };
        dataplane.loadObject(request({ id: "cubes/next" }));
        refuses("ENOENT", () => dataplane.reattach(next));
        dataplane.attach(attachment);

        dataplane.reattach(next);

        assert.deepEqual(dataplane.attachments(), [next]);
        dataplane.unloadObject(ID);
        refuses("EINVAL", () => dataplane.reattach({ ...next, program: otherFamily[program] }));
        dataplane.detach(harness.ifindex, hook);
        refuses("ENOENT", () => dataplane.reattach(next));
      });
    }

    it("refuse a second XDP program in the other mode", () => {
      const attachment = { ifindex: harness.ifindex, objectId: ID, program: "rewrite" };
      dataplane.attach({ ...attachment, hook: "xdp-generic" });

      refuses("EBUSY", () => dataplane.attach({ ...attachment, hook: "xdp-native" }));
    });

    it("refuse absent devices, unknown programs and those of the other family", () => {
      const { ifindex } = harness;
      const hook = "tcx-ingress";
      const absent = 2_000_000_000;

      refuses("ENODEV", () =>
        dataplane.attach({ ifindex: absent, hook, objectId: ID, program: "ingress" }),
      );
      refuses("ENOENT", () => dataplane.attach({ ifindex, hook, objectId: ID, program: "none" }));
      refuses("EINVAL", () =>
        dataplane.attach({ ifindex, hook, objectId: ID, program: "rewrite" }),
      );
      assert.deepEqual(dataplane.attachments(), []);
    });
  });

  describe("ring buffers", () => {
    beforeEach(() => dataplane.loadObject(request()));

    it("give every record to the subscriber until disposed", async () => {
      const first = Uint8Array.from([1, 2, 3, 4, 5, 6]);
      const second = Uint8Array.from([9, 8, 7, 6, 5, 4]);
      const records: Uint8Array[] = [];

      await new Promise<void>((resolve) => {
        const subscription = dataplane.subscribe(ID, "events", (record) => {
          records.push(record);
          if (records.length < 2) return;
          subscription[Symbol.dispose]();
          resolve();
        });
        harness.emit(ID, first);
        harness.emit(ID, second);
      });
      harness.emit(ID, first);

      assert.deepEqual(records, [first, second]);
    });

    it("are not what other maps are", () => {
      refuses("EINVAL", () => dataplane.subscribe(ID, "table", () => {}));
      refuses("ENOENT", () => dataplane.subscribe(ID, "none", () => {}));
    });
  });
}
