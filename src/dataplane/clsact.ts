import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Hook, KernelError } from "./dataplane.ts";
import { type Holder, type HoldRequest, type Place, pinOf, placeOf, placesIn } from "./holder.ts";
import { libbpf } from "./libbpf.ts";
import {
  addClsact,
  addFilter,
  decodeFilter,
  deleteClsact,
  deleteFilter,
  dumpFilters,
  type FilterHook,
  type FilterPlace,
  getFilter,
  replaceFilter,
} from "./netlink/filter-message.ts";
import { NETLINK_ROUTE, NetlinkClient, type NetlinkRequest } from "./netlink/socket.ts";
import { programInfo } from "./object-info.ts";
import { checked, makeFolder, type PinnedFiles, removePins } from "./pins.ts";

/** Before the name of a pin that is to take the place of the one without. */
const NEXT = "next-";
const HOOKS: readonly FilterHook[] = ["tcx-ingress", "tcx-egress"];

/** No such filter, no clsact on the device, no such device. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "EINVAL", "ENODEV"]);
const THERE: ReadonlySet<string> = new Set(["EEXIST"]);

/**
 * Filters on the clsact qdisc, for kernels without tcx (before 6.6). A filter has no link that
 * could be pinned, so its program is: the pin says which filter is ours.
 */
export class FilterHolder implements Holder, Disposable {
  readonly #files: PinnedFiles;
  readonly #folder: string;
  #opened: NetlinkClient | undefined;

  constructor(files: PinnedFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Pins first: a daemon that dies between the two leaves a pin, which `restore` clears away. */
  hold({ programFd, operation, ...attachment }: HoldRequest): void {
    const place = filterPlace(attachment);
    const path = this.#pathOf(place);
    makeFolder(this.#folder);
    checked(libbpf().pin(programFd, path), operation, "pinning the program");
    try {
      this.#call(addClsact(place.ifindex), operation, THERE);
      this.#add(place, programFd, operation);
    } catch (error) {
      removePins(path);
      this.#removeEmptyClsact(place.ifindex);
      throw error;
    }
  }

  /** Which of the two programs the filter runs tells a daemon that died between what to keep. */
  exchange({ programFd, operation, ...attachment }: HoldRequest): void {
    const place = filterPlace(attachment);
    const path = this.#pathOf(place);
    const next = this.#nextOf(place);
    checked(libbpf().pin(programFd, next), operation, "pinning the program");
    try {
      this.#client.call(replaceFilter(place, programFd), operation);
    } catch (error) {
      removePins(next);
      throw error;
    }
    this.#files.forget(path);
    renameSync(next, path);
  }

  programAt(place: Place): number | undefined {
    const { id } = programInfo(this.#files.open(this.#pathOf(place)));
    return this.#filterAt(filterPlace(place)) === id ? id : undefined;
  }

  release(place: Place): void {
    const path = this.#pathOf(place);
    if (this.programAt(place) !== undefined) {
      this.#call(deleteFilter(filterPlace(place)), "removing a filter", GONE);
      this.#removeEmptyClsact(place.ifindex);
    }
    this.#files.forget(path);
    removePins(path);
  }

  places(): Place[] {
    if (!existsSync(this.#folder)) return [];
    for (const name of readdirSync(this.#folder)) {
      if (name.startsWith(NEXT)) this.#finishExchange(name);
    }
    return placesIn(this.#folder);
  }

  [Symbol.dispose](): void {
    this.#opened?.[Symbol.dispose]();
    this.#opened = undefined;
  }

  /** What a daemon has begun that was killed. */
  #finishExchange(name: string): void {
    const next = join(this.#folder, name);
    const place = placeOf(name.slice(NEXT.length));
    const { id } = programInfo(this.#files.open(next));
    this.#files.forget(next);
    const isDone = place !== undefined && this.#filterAt(filterPlace(place)) === id;
    if (isDone) renameSync(next, this.#pathOf(place));
    else removePins(next);
  }

  #add(place: FilterPlace, programFd: number, operation: string): void {
    try {
      this.#client.call(addFilter(place, programFd), operation);
    } catch (cause) {
      if (!(cause instanceof KernelError) || cause.code !== "EEXIST") throw cause;
      const detail = "the device has a filter of the same priority and handle";
      throw new KernelError(operation, "EBUSY", detail, { cause });
    }
  }

  #filterAt(place: FilterPlace): number | undefined {
    try {
      const [filter] = this.#client.call(getFilter(place), "reading a filter");
      return filter && decodeFilter(filter);
    } catch (error) {
      if (error instanceof KernelError && GONE.has(error.code)) return undefined;
      throw error;
    }
  }

  /** A clsact without filters does nothing; other tools make it anew when they want one. */
  #removeEmptyClsact(ifindex: number): void {
    const isEmpty = HOOKS.every((hook) => {
      const filters = this.#client.dump(dumpFilters({ ifindex, hook }), "listing filters");
      return filters.length === 0;
    });
    if (isEmpty) this.#call(deleteClsact(ifindex), "removing clsact", GONE);
  }

  #call(request: NetlinkRequest, operation: string, tolerated: ReadonlySet<string>): void {
    try {
      this.#client.call(request, operation);
    } catch (error) {
      if (!(error instanceof KernelError) || !tolerated.has(error.code)) throw error;
    }
  }

  get #client(): NetlinkClient {
    this.#opened ??= new NetlinkClient(NETLINK_ROUTE);
    return this.#opened;
  }

  #nextOf({ ifindex, hook }: Place): string {
    return join(this.#folder, `${NEXT}${ifindex}-${hook}`);
  }

  #pathOf(place: Place): string {
    return pinOf(this.#folder, place);
  }
}

function filterPlace({ ifindex, hook }: Place): FilterPlace {
  const found = HOOKS.find((each: Hook) => each === hook);
  if (!found) throw new KernelError(`attaching to device ${ifindex} ${hook}`, "EINVAL");
  return { ifindex, hook: found };
}
