import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import koffi from "koffi";
import { BPF_PROG_QUERY, bpf } from "./bpf-syscall.ts";
import { KernelError, TakenError } from "./dataplane.ts";
import { awaitGracePeriod } from "./grace-period.ts";
import { type JumpTable, jumpTableName } from "./jump-table.ts";
import { libbpf } from "./libbpf.ts";
import { mapInfo, mapsOfProgram } from "./object-info.ts";
import { withFd } from "./pins.ts";

/** Where bpf_attr of BPF_PROG_QUERY has its fields, and how many programs are asked for. */
const query = { size: 64, attachType: 4, programIds: 16, count: 24, programsMax: 64 };

export interface Chain {
  readonly ifindex: number;
  /** BPF_TCX_INGRESS or BPF_TCX_EGRESS. */
  readonly attachType: number;
}

/** By what a daemon knows its own programs. */
interface Own {
  readonly table: JumpTable;
  readonly pinDirectory: string;
}

/**
 * Refuses a device that the programs of another yangplaned are on: both would take its frames, and
 * each of them forward what the other has dropped. Programs of other tools may well be there.
 * @throws TakenError
 */
export function refuseOthers(chain: Chain, own: Own, operation: string): void {
  let other = otherTable(chain, own, operation);
  if (other === undefined) return;
  const folder = folderOfTable(other, own);
  if (folder === undefined) {
    // A program whose pins are gone, also one of our own, may be on its way off the device.
    awaitGracePeriod();
    other = otherTable(chain, own, operation);
    if (other === undefined) return;
  }
  const whose =
    folder === undefined ? "another yangplaned" : `the yangplaned with pins in ${folder}`;
  throw new TakenError(operation, "EBUSY", `the device is in use by ${whose}`);
}

/** Id of the jump table of a program that is not ours. */
function otherTable(chain: Chain, { table }: Own, operation: string): number | undefined {
  const { id: own } = table;
  const name = jumpTableName(table.family);
  const tables = programsIn(chain, operation).map((program) => tableOf(program, name));
  return tables.find((id) => id !== undefined && id !== own);
}

function programsIn({ ifindex, attachType }: Chain, operation: string): number[] {
  const ids = Buffer.alloc(4 * query.programsMax);
  const attributes = Buffer.alloc(query.size);
  attributes.writeUInt32LE(ifindex, 0);
  attributes.writeUInt32LE(attachType, query.attachType);
  attributes.writeBigUInt64LE(koffi.address(ids), query.programIds);
  attributes.writeUInt32LE(query.programsMax, query.count);
  try {
    bpf(BPF_PROG_QUERY, attributes, operation);
  } catch (error) {
    if (error instanceof KernelError && error.code === "ENOENT") return [];
    throw error;
  }
  const count = attributes.readUInt32LE(query.count);
  return Array.from({ length: count }, (_, index) => ids.readUInt32LE(4 * index));
}

/** Id of the jump table that a program uses: only those of a yangplaned have one. */
function tableOf(programId: number, name: string): number | undefined {
  return withFd(libbpf().programById(programId), (program) =>
    mapsOfProgram(program).find(
      (id) => withFd(libbpf().mapById(id), (map) => mapInfo(map).name) === name,
    ),
  );
}

/** The folder of pins that has the table, among those in the same place. */
function folderOfTable(id: number, { table, pinDirectory }: Own): string | undefined {
  const place = dirname(pinDirectory);
  const folders = readdirSync(place).map((folder) => join(place, folder));
  return folders.find((folder) => {
    const fd = libbpf().openPin(join(folder, "shared", jumpTableName(table.family)));
    return withFd(fd, (map) => mapInfo(map).id) === id;
  });
}
