import type { Codec, MapLayout, MapType, ObjectLayout } from "../../src/dataplane/layout.ts";

/** Little-endian unsigned integer of `size` bytes. */
function unsigned(size: 4 | 8): Codec<bigint> {
  return {
    size,
    form: `u${size * 8}`,
    encode: (value) => little(value, size),
    decode: (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`),
  };
}

function raw(size: number): Codec<Uint8Array> {
  const form = `u8[${size}]`;
  return { size, form, encode: (value) => Uint8Array.from(value), decode: (bytes) => bytes };
}

function little(value: number | bigint, size: 4 | 8): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return Uint8Array.from(bytes.subarray(0, size));
}

export const u32 = (value: number): Uint8Array => little(value, 4);
export const u64 = (value: number): Uint8Array => little(value, 8);

function map(name: string, type: MapType, key: number, value: 0 | 4 | 8): MapLayout {
  return {
    name,
    type,
    owner: "config",
    key: raw(key),
    value: value === 0 ? raw(0) : unsigned(value),
    maxEntries: type === "ringbuf" ? 4096 : 4,
  };
}

/** The same size, but another form. */
const signed: Codec<bigint> = { ...unsigned(8), form: "i64" };

/** test/fixtures/bpf/fixture.bpf.c, as the generator would describe it. */
export const fixtureObject: ObjectLayout = {
  name: "fixture",
  maps: {
    table: map("table", "hash", 4, 8),
    cells: map("cells", "array", 4, 8),
    counts: map("counts", "percpu_array", 4, 4),
    recent: map("recent", "lru_hash", 4, 8),
    routes: map("routes", "lpm_trie", 8, 8),
    events: map("events", "ringbuf", 0, 0),
    jmpTc: map("jmp_tc", "prog_array", 4, 4),
    jmpXdp: map("jmp_xdp", "prog_array", 4, 4),
  },
  programs: {
    ingress: { name: "ingress", family: "tc" },
    entry: { name: "entry", family: "tc" },
    rewrite: { name: "rewrite", family: "xdp" },
    xdpEntry: { name: "xdp_entry", family: "xdp" },
  },
  constants: {
    verdict: { name: "verdict", value: unsigned(4) },
    localMac: { name: "local_mac", value: raw(6) },
  },
};

/** The same compiled with another type of the values of `table`. */
export const changedFixtureObject: ObjectLayout = {
  ...fixtureObject,
  maps: { ...fixtureObject.maps, table: { ...map("table", "hash", 4, 8), value: signed } },
};
