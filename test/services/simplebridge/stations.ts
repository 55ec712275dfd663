import type { Dataplane } from "../../../src/dataplane/dataplane.ts";
import { portCounters } from "../../../src/gen/bpf/core.ts";
import { simplebridgeObject } from "../../../src/gen/bpf/simplebridge.ts";
import { u32 } from "../../../src/lib/codec.ts";
import { macBytes, macText } from "../../../src/lib/mac.ts";

const { learnedFdb } = simplebridgeObject.maps;

/** As the program does when a frame from the station arrives, here some time ago. */
export function learn(
  dataplane: Dataplane,
  objectId: string,
  station: { readonly address: string; readonly port: number; readonly secondsAgo?: number },
): void {
  const { address, port, secondsAgo = 0 } = station;
  const lastSeenNs = process.hrtime.bigint() - BigInt(Math.round(secondsAgo * 1e9));
  const key = learnedFdb.key.encode({ address: macBytes(address) });
  const value = learnedFdb.value.encode({ port, lastSeenNs });
  dataplane.putRows(objectId, learnedFdb.name, [{ key, value }]);
}

/** Addresses in the map of learned stations, aged ones too. */
export function learnedAddresses(dataplane: Dataplane, objectId: string): string[] {
  return dataplane
    .rows(objectId, learnedFdb.name)
    .map(({ key }) => macText(learnedFdb.key.decode(key).address))
    .sort();
}

/** The counters of a port as CPU after CPU has counted them; each drop with its reason. */
export function count(
  dataplane: Dataplane,
  objectId: string,
  port: number,
  cpus: readonly {
    readonly rxPackets: bigint;
    readonly drops?: Readonly<Record<number, bigint>>;
  }[],
): void {
  const none = { rxPackets: 0n, rxBytes: 0n, txPackets: 0n, txBytes: 0n };
  const values = Array.from({ length: dataplane.cpuCount }, (_, cpu) => {
    const { rxPackets = 0n, drops = {} } = cpus[cpu] ?? {};
    const reasons = Array.from({ length: 16 }, (_none, reason) => drops[reason] ?? 0n);
    return portCounters.encode({ ...none, rxPackets, drops: reasons });
  });
  const { name } = simplebridgeObject.maps.counters;
  dataplane.putRows(objectId, name, [{ key: u32.encode(port), value: Buffer.concat(values) }]);
}
