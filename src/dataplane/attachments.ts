import { join } from "node:path";
import { ByObject } from "./by-object.ts";
import { FilterHolder } from "./clsact.ts";
import { type Attachment, excludes, familyOf, type Hook, KernelError } from "./dataplane.ts";
import type { Holder } from "./holder.ts";
import type { JumpTable } from "./jump-table.ts";
import { libc } from "./libc.ts";
import { hasTcx, LinkHolder } from "./link.ts";
import { refuseOthers } from "./other-daemons.ts";
import { onBpffs, type PinnedFiles } from "./pins.ts";

/** What a program is part of. */
type Resident = Pick<Attachment, "objectId" | "program">;

interface Held {
  readonly attachment: Attachment;
  readonly holder: Holder;
}

export interface AttachmentsOptions {
  readonly files: PinnedFiles;
  readonly pinDirectory: string;
  /** Of the programs for TC: by it one knows those of other daemons. */
  readonly table: JumpTable;
  /** Otherwise tcx is used where the kernel has it. */
  readonly clsactOnly: boolean;
}

/** Programs on devices, which go on running without the daemon. */
export class Attachments implements Disposable {
  readonly #links: LinkHolder;
  readonly #filters: FilterHolder;
  readonly #clsactOnly: boolean;
  /** By device and hook. */
  readonly #held = new ByObject<string, Held>(({ attachment }) => attachment.objectId);
  /** Undefined until the first program for TC. */
  #hasTcx: boolean | undefined;

  constructor({ files, pinDirectory, table, clsactOnly }: AttachmentsOptions) {
    this.#links = new LinkHolder(files, join(pinDirectory, "links"), (chain, operation) =>
      refuseOthers(chain, { table, pinDirectory }, operation),
    );
    this.#filters = new FilterHolder(files, join(pinDirectory, "filters"));
    this.#clsactOnly = clsactOnly;
  }

  create(attachment: Attachment, programFd: number): void {
    const { ifindex, hook, objectId, program } = attachment;
    const operation = `attaching ${program} of ${objectId} to device ${ifindex} ${hook}`;
    if (!deviceExists(ifindex)) throw new KernelError(operation, "ENODEV");
    this.#makePlace(attachment, operation);
    const holder = this.#holderFor(hook, programFd, operation);
    onBpffs(operation, () => holder.hold({ ...attachment, programFd, operation }));
    this.#held.set(keyOf(attachment), { attachment, holder });
  }

  replace(attachment: Attachment, programFd: number): void {
    const { ifindex, hook, objectId, program } = attachment;
    const operation = `attaching ${program} of ${objectId} to device ${ifindex} ${hook}`;
    const held = this.#held.get(keyOf(attachment));
    if (!held || !isAlive(held)) throw new KernelError(operation, "ENOENT", "nothing attached");
    onBpffs(operation, () => held.holder.exchange({ ...attachment, programFd, operation }));
    this.#held.set(keyOf(attachment), { attachment, holder: held.holder });
  }

  remove(ifindex: number, hook: Hook): void {
    const operation = `detaching from device ${ifindex} ${hook}`;
    const held = this.#held.get(keyOf({ ifindex, hook }));
    if (!held) throw new KernelError(operation, "ENOENT", "nothing attached");
    this.#release(held, operation);
  }

  list(): Attachment[] {
    const alive = [...this.#held.values()].filter(isAlive);
    return alive.map(({ attachment }) => attachment);
  }

  /** One of an object's programs that is on a device. Asks the kernel for no other's. */
  ofObject(objectId: string): Attachment | undefined {
    return [...this.#held.of(objectId)].find(isAlive)?.attachment;
  }

  /** Learns what an earlier daemon left; clears away what belongs to no device. */
  restore(residentOf: (programId: number) => Resident): void {
    this.#held.clear();
    for (const holder of [this.#links, this.#filters]) {
      for (const place of holder.places()) {
        const programId = holder.programAt(place);
        if (programId === undefined) holder.release(place);
        else {
          const attachment = { ...place, ...residentOf(programId) };
          this.#held.set(keyOf(place), { attachment, holder });
        }
      }
    }
  }

  [Symbol.dispose](): void {
    this.#filters[Symbol.dispose]();
  }

  #holderFor(hook: Hook, programFd: number, operation: string): Holder {
    if (familyOf(hook) === "xdp") return this.#links;
    if (this.#clsactOnly) return this.#filters;
    this.#hasTcx ??= hasTcx(programFd, operation);
    return this.#hasTcx ? this.#links : this.#filters;
  }

  /** Refuses a hook that is taken, and clears what a device that is gone left there. */
  #makePlace(wanted: Attachment, operation: string): void {
    for (const held of this.#held.values()) {
      const { attachment: other } = held;
      if (!excludes(other, wanted)) continue;
      if (isAlive(held)) {
        const taken = `${other.hook} has ${other.program} of ${other.objectId}`;
        throw new KernelError(operation, "EBUSY", taken);
      }
      this.#release(held, operation);
    }
  }

  #release({ attachment, holder }: Held, operation: string): void {
    onBpffs(operation, () => holder.release(attachment));
    this.#held.delete(keyOf(attachment));
  }
}

function keyOf({ ifindex, hook }: Pick<Attachment, "ifindex" | "hook">): string {
  return `${ifindex}-${hook}`;
}

function isAlive({ attachment, holder }: Held): boolean {
  return holder.programAt(attachment) !== undefined;
}

/** Whether a device of this index is in the namespace of the calling thread. */
function deviceExists(ifindex: number): boolean {
  const name = Buffer.alloc(16);
  return libc().ifIndexToName(ifindex, name) !== null;
}
