/** The n-th unicast address: locally administered, and nobody else's in these benches. */
function stationAddress(index: number): string {
  const octets = [2, 0x10, index >>> 24, index >>> 16, index >>> 8, index];
  return octets.map((octet) => (octet & 0xff).toString(16).padStart(2, "0")).join(":");
}

/** Static entries as RFC 7951 JSON and as protobuf have them alike. */
export function stations(from: number, to: number): { address: string; port: string }[] {
  const count = to - from;
  return Array.from({ length: count }, (_, index) => ({
    address: stationAddress(from + index),
    port: "p1",
  }));
}

export const CUBE = "br0";
export const CUBE_PATH = `/simplebridge:simplebridge[name='${CUBE}']`;

/** A prime, so that all entries are visited. */
const STRIDE = 7919;

/** The n-th change of a leaf: the port of some entry becomes the other one. */
export function portChange(turn: number, entries: number): { path: string; port: string } {
  const address = stationAddress((turn * STRIDE) % entries);
  const port = Math.floor(turn / entries) % 2 === 0 ? "p2" : "p1";
  return { path: `${CUBE_PATH}/fdb/entry[address='${address}']/port`, port };
}
