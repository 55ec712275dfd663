import type { Codec } from "../../dataplane/layout.ts";

/** The values of a row of a per-CPU map: one for each CPU, each padded to a multiple of 8 bytes. */
export function perCpuValues<T>(codec: Codec<T>, row: Uint8Array): T[] {
  const stride = Math.ceil(codec.size / 8) * 8;
  return Array.from({ length: Math.floor(row.length / stride) }, (_, cpu) => {
    return codec.decode(row.subarray(cpu * stride, (cpu + 1) * stride));
  });
}
