import type { Family, ObjectRequest } from "./dataplane.ts";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";
import { mapInfo } from "./object-info.ts";
import { checked, type PinnedFiles } from "./pins.ts";

/**
 * What an object was loaded from, so that a restarted daemon knows whether it can keep it. bpffs
 * holds no files, only kernel objects: the text is the one row of an array map pinned beside them.
 */
export interface Manifest {
  readonly request: ObjectRequest;
  /** SHA-256 of the compiled file. */
  readonly digest: string;
}

const BPF_MAP_TYPE_ARRAY = 2;
const FIRST = Buffer.alloc(4);

export function pinManifest(path: string, { request, digest }: Manifest): void {
  const constants = Object.entries(request.constants).map(([name, bytes]) => [
    name,
    Buffer.from(bytes).toString("hex"),
  ]);
  const stored = { ...request, constants: Object.fromEntries(constants), digest };
  const text = Buffer.from(JSON.stringify(stored));
  const operation = `recording how ${request.id} was loaded`;
  const fd = libbpf().createMap(BPF_MAP_TYPE_ARRAY, "manifest", 4, text.length, 1, null);
  checked(fd, operation);
  try {
    checked(libbpf().update(fd, FIRST, text, 0), operation);
    checked(libbpf().pin(fd, path), operation);
  } finally {
    libc().close(fd);
  }
}

/** Undefined for what is no manifest of ours: such an object is not to be relied on. */
export function readManifest(files: PinnedFiles, path: string): Manifest | undefined {
  const fd = files.open(path);
  const text = Buffer.alloc(mapInfo(fd).valueSize);
  checked(libbpf().lookup(fd, FIRST, text), `reading ${path}`);
  files.forget(path);
  return parseManifest(text.toString());
}

function parseManifest(text: string): Manifest | undefined {
  const stored: unknown = JSON.parse(text);
  if (!isRecord(stored)) return undefined;
  const { id, object, constants, capacity, families, digest, note } = stored;
  if (typeof id !== "string" || typeof object !== "string" || typeof digest !== "string") {
    return undefined;
  }
  if (!isRecord(constants) || !isRecord(capacity)) return undefined;
  const bytesOf = ([name, hex]: [string, unknown]): [string, Uint8Array] => [
    name,
    Uint8Array.from(Buffer.from(String(hex), "hex")),
  ];
  const entriesOf = ([name, entries]: [string, unknown]): [string, number] => [
    name,
    Number(entries),
  ];
  const request: ObjectRequest = {
    ...(typeof note === "string" ? { note } : {}),
    ...(Array.isArray(families) ? { families: families as readonly Family[] } : {}),
    id,
    object,
    constants: Object.fromEntries(Object.entries(constants).map(bytesOf)),
    capacity: Object.fromEntries(Object.entries(capacity).map(entriesOf)),
  };
  return { request, digest };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
