import koffi from "koffi";

/** The kernel has errno values that no libc knows; this one says "this map type cannot do that". */
const ENOTSUPP = 524;

const NAMES: ReadonlyMap<number, string> = new Map([
  ...Object.entries(koffi.os.errno).map(([name, number]): [number, string] => [number, name]),
  // Two names share the number; this is the one the kernel's sources use.
  [koffi.os.errno["EOPNOTSUPP"] ?? 95, "EOPNOTSUPP"],
  [koffi.os.errno["EAGAIN"] ?? 11, "EAGAIN"],
  [ENOTSUPP, "ENOTSUPP"],
]);

/** `ENOENT` for 2 and for -2. */
export function errnoName(errno: number): string {
  return NAMES.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}
