/** One edit as the daemon takes it (core.proto). */
export interface Edit {
  readonly path: string;
  readonly operation: "MERGE" | "CREATE" | "DELETE" | "REMOVE";
  /** RFC 7951 JSON of the node; absent for the last two. */
  readonly json?: string;
  /** How many entries the JSON of a list without keys has. */
  readonly entries?: number;
}

/** List entries that edits write, each other edit counted as one. */
export function entryCount(edits: readonly Edit[]): number {
  return edits.reduce((sum, { entries = 1 }) => sum + entries, 0);
}

/** Of JSON in one message, which may have 4 MiB: the rest is for what protobuf adds. */
const chunkSizeMax = 2 ** 19;
const chunkEditsMax = 1000;

/** Edits in the parts that are sent as messages: at least one, even of nothing. */
export function chunks(edits: readonly Edit[]): Edit[][] {
  const all: Edit[][] = [];
  let chunk: Edit[] = [];
  let size = 0;
  for (const edit of edits) {
    const editSize = edit.path.length + (edit.json?.length ?? 0);
    if (chunk.length === chunkEditsMax || (chunk.length > 0 && size + editSize > chunkSizeMax)) {
      all.push(chunk);
      chunk = [];
      size = 0;
    }
    chunk.push(edit);
    size += editSize;
  }
  return [...all, chunk];
}
