import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { libbpf } from "../../src/dataplane/libbpf.ts";
import { libc } from "../../src/dataplane/libc.ts";

/** The kernel frees what was pinned a little later: after a grace period, or in a worker. */
const FREED_WITHIN_MS = 5000;

/** Ids of BPF objects (`map 12`) that were pinned by a test and have no reason to live on. */
const condemned = new Set<string>();

/** Hooks for a suite: it must close every BPF and netlink descriptor, and free what it pinned. */
export function checkLeaks(): void {
  let atStart: readonly string[] = [];

  before("count descriptors", () => {
    atStart = descriptors();
  });

  after("leave nothing behind", async () => {
    assert.deepEqual(descriptors(), atStart, "descriptors left open");
    await allGone();
  });
}

/** Notes everything pinned below a folder that is about to be removed. */
export function expectGone(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) expectGone(path);
    else condemned.add(identityOf(path));
  }
}

function identityOf(pin: string): string {
  const fd = libbpf().openPin(pin);
  assert.ok(fd >= 0, `opening ${pin}: ${fd}`);
  try {
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
    // A link names its program too; its own id comes first.
    const [, kind, id] = /^(link|map|prog)_id:\s*(\d+)$/m.exec(text) ?? [];
    assert.ok(kind && id, text);
    return `${kind} ${id}`;
  } finally {
    libc().close(fd);
  }
}

async function allGone(): Promise<void> {
  const deadline = Date.now() + FREED_WITHIN_MS;
  for (;;) {
    const live = liveIdentities();
    const left = [...condemned].filter((identity) => live.has(identity));
    if (left.length === 0) break;
    assert.ok(Date.now() < deadline, `still in the kernel: ${left.join(", ")}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  condemned.clear();
}

type NextId = (id: number, next: [number]) => number;

let nextIds: ReadonlyMap<string, NextId> | undefined;

function liveIdentities(): Set<string> {
  nextIds ??= bindNextIds();
  const identities = new Set<string>();
  for (const [kind, nextId] of nextIds) {
    const next: [number] = [0];
    while (nextId(next[0], next) >= 0) identities.add(`${kind} ${next[0]}`);
  }
  return identities;
}

function bindNextIds(): Map<string, NextId> {
  const library = koffi.load("libbpf.so.1");
  const bind = (kind: string): [string, NextId] => [
    kind,
    library.func(`int bpf_${kind}_get_next_id(uint32_t id, _Out_ uint32_t *next)`),
  ];
  return new Map(["map", "prog", "link"].map(bind));
}

/** What this process has open of BPF and netlink. */
export function descriptors(): string[] {
  const netlinkInodes = new Set(
    readFileSync("/proc/self/net/netlink", "utf8")
      .split("\n")
      .map((line) => `socket:[${line.trim().split(/\s+/).at(-1)}]`),
  );
  return readdirSync("/proc/self/fd")
    .map(targetOf)
    .filter((target) => /^anon_inode:.*bpf/.test(target) || netlinkInodes.has(target))
    .sort();
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor of the listing itself, closed by now.
    return "";
  }
}
