import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { KernelError } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";

/** Folders of our own; an object's id may use these names, its folder may not. */
const RESERVED = new Set(["maps", "programs", "shared", "links", "filters", "staging"]);

/** Folder of an object below the pin directory. bpffs refuses dots; ids may hold anything. */
export function folderOf(id: string): string {
  return id.split("/").map(escapeSegment).join("/");
}

export function idOf(folder: string): string {
  return folder.split("/").map(decodeURIComponent).join("/");
}

function escapeSegment(segment: string): string {
  const escaped = encodeURIComponent(segment).replaceAll(".", "%2E");
  if (!RESERVED.has(escaped)) return escaped;
  return `%${escaped.charCodeAt(0).toString(16)}${escaped.slice(1)}`;
}

/** Folders of all pinned objects, relative to the pin directory. */
export function objectFolders(pinDirectory: string, below = ""): string[] {
  const folders: string[] = [];
  for (const name of subfolders(join(pinDirectory, below))) {
    if (RESERVED.has(name)) continue;
    const folder = below === "" ? name : `${below}/${name}`;
    const isObject = subfolders(join(pinDirectory, folder)).includes("programs");
    folders.push(...(isObject ? [folder] : objectFolders(pinDirectory, folder)));
  }
  return folders;
}

function subfolders(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Runs file operations on bpffs; what they throw becomes a KernelError of `operation`. */
export function onBpffs<T>(operation: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof KernelError || !(cause instanceof Error)) throw cause;
    const code = "code" in cause ? String(cause.code) : "EIO";
    const detail = cause.message.replace(`${code}: `, "");
    throw new KernelError(operation, code, detail, { cause });
  }
}

/** Node's own recursive mkdir says ENOENT on a file system that is read-only. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (hasCode(error, "EEXIST")) return;
    if (!hasCode(error, "ENOENT") || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

export function removePins(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** The result of a call that returns -errno, or a KernelError. */
export function checked(result: number, operation: string, detail?: string): number {
  if (result < 0) throw new KernelError(operation, errnoName(result), detail);
  return result;
}

/** Closes the descriptor behind it. Undefined where there is none: the object has gone by now. */
export function withFd<T>(fd: number, use: (fd: number) => T): T | undefined {
  if (fd < 0) return undefined;
  try {
    return use(fd);
  } finally {
    libc().close(fd);
  }
}

/** Does something that may need descriptors, if need be once more without those kept open. */
export function givingWay<T>(kept: Disposable, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== "EMFILE") throw error;
    kept[Symbol.dispose]();
    return action();
  }
}

/**
 * File descriptors of pinned objects, the most recently used ones only: a host may have more
 * pins than a process may open files. A descriptor is good until the next call of `open`.
 */
export class PinnedFiles implements Disposable {
  readonly #fds = new Map<string, number>();
  readonly #limit: number;
  readonly #lastingMax: number;
  /** The last one asked for is mostly the next one too. */
  #latest: { path: string; fd: number } | undefined;

  /** Descriptors from `lastingMax` on are kept for others: one at a time is used, if need be. */
  constructor(limit: number, lastingMax: number) {
    this.#limit = limit;
    this.#lastingMax = lastingMax;
  }

  get size(): number {
    return this.#fds.size;
  }

  has(path: string): boolean {
    return this.#fds.has(path);
  }

  open(path: string): number {
    if (this.#latest?.path === path) return this.#latest.fd;
    const known = this.#fds.get(path);
    if (known !== undefined) this.#fds.delete(path);
    const fd = known ?? this.#openLasting(path);
    this.#fds.set(path, fd);
    this.#latest = { path, fd };
    this.#evict();
    return fd;
  }

  /** Closes what lies at or below a path: a descriptor would keep the kernel object alive. */
  forget(path: string): void {
    this.#latest = undefined;
    for (const [known, fd] of this.#fds) {
      if (known !== path && !known.startsWith(`${path}/`)) continue;
      libc().close(fd);
      this.#fds.delete(known);
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds.values()) libc().close(fd);
    this.#fds.clear();
    this.#latest = undefined;
  }

  /** The kernel gives the lowest that is free: a high one says that few are. */
  #openLasting(path: string): number {
    const fd = this.#openPin(path);
    if (fd < this.#lastingMax || this.#fds.size === 0) return fd;
    libc().close(fd);
    this[Symbol.dispose]();
    return this.#openPin(path);
  }

  /** Where a process may open no more files, these are the first that it can do without. */
  #openPin(path: string): number {
    const operation = `opening pin ${path}`;
    return givingWay(this, () => checked(libbpf().openPin(path), operation));
  }

  #evict(): void {
    const [oldest] = this.#fds;
    if (this.#fds.size <= this.#limit || oldest === undefined) return;
    libc().close(oldest[1]);
    this.#fds.delete(oldest[0]);
  }
}
