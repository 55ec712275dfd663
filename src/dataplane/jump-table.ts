import { existsSync } from "node:fs";
import { ByObject } from "./by-object.ts";
import { type Family, JUMP_TABLE_SLOTS, type ProgramSlot } from "./dataplane.ts";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";
import { mapInfo } from "./object-info.ts";
import { checked, type PinnedFiles } from "./pins.ts";

const BPF_MAP_TYPE_PROG_ARRAY = 3;
const ANY = 0;

/** Name of a family's jump table in every object that tail calls through it. */
export function jumpTableName(family: Family): string {
  return `jmp_${family}`;
}

type Resident = Pick<ProgramSlot, "objectId" | "program">;

type Entry = Resident & Pick<ProgramSlot, "slot">;

/**
 * A PROG_ARRAY through which cubes tail call each other, made when it is needed. It is pinned from
 * its first moment: the kernel empties an unpinned one when the last descriptor closes, in use or
 * not.
 */
export class JumpTable {
  readonly family: Family;
  readonly #files: PinnedFiles;
  readonly #path: string;
  readonly #slots = new ByObject<number, Entry>(({ objectId }) => objectId);

  constructor(files: PinnedFiles, folder: string, family: Family) {
    this.family = family;
    this.#files = files;
    this.#path = `${folder}/${jumpTableName(family)}`;
  }

  get fd(): number {
    if (!this.#files.has(this.#path) && !existsSync(this.#path)) {
      createPinned(jumpTableName(this.family), this.#path);
    }
    return this.#files.open(this.#path);
  }

  /** Undefined where nobody has needed the table yet. */
  get id(): number | undefined {
    return existsSync(this.#path) ? mapInfo(this.#files.open(this.#path)).id : undefined;
  }

  set(slot: number, programFd: number, resident: Resident): void {
    const { program, objectId } = resident;
    const operation = `setting slot ${slot} to ${program} of ${objectId}`;
    const result = libbpf().update(this.fd, encode(slot), encode(programFd), ANY);
    checked(result, operation, `the last slot is ${JUMP_TABLE_SLOTS - 1}`);
    this.#slots.set(slot, { slot, ...resident });
  }

  clear(slot: number): void {
    const result = libbpf().deleteKey(this.fd, encode(slot));
    checked(result, `clearing ${this.family} slot ${slot}`);
    this.#slots.delete(slot);
  }

  entries(): ProgramSlot[] {
    const { family } = this;
    const entries = [...this.#slots.values()].sort((a, b) => a.slot - b.slot);
    return entries.map((entry) => ({ family, ...entry }));
  }

  /** A slot that has a program of the object. */
  ofObject(objectId: string): Entry | undefined {
    const [entry] = this.#slots.of(objectId);
    return entry;
  }

  /** Learns what an earlier daemon left, also programs of which nothing else is left. */
  restore(residentOf: (programId: number) => Resident): void {
    this.#slots.clear();
    if (!existsSync(this.#path)) return;
    const { fd } = this;
    const key = Buffer.alloc(4);
    const programId = Buffer.alloc(4);
    const { maxEntries } = mapInfo(fd);
    for (let slot = 0; slot < maxEntries; slot++) {
      key.writeUInt32LE(slot);
      if (libbpf().lookup(fd, key, programId) < 0) continue;
      this.#slots.set(slot, { slot, ...residentOf(programId.readUInt32LE()) });
    }
  }
}

function createPinned(name: string, path: string): void {
  const operation = `creating ${name}`;
  const fd = libbpf().createMap(BPF_MAP_TYPE_PROG_ARRAY, name, 4, 4, JUMP_TABLE_SLOTS, null);
  checked(fd, operation);
  try {
    checked(libbpf().pin(fd, path), operation, path);
  } finally {
    libc().close(fd);
  }
}

function encode(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}
