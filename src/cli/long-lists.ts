import { Refusal } from "./refusal.ts";

/** A node whose lists may be cut, as the daemon answers it. */
export interface Part {
  readonly data: unknown;
  readonly rests: readonly Rest[];
}

/** A list that goes on: core.proto's ListRest. */
export interface Rest {
  readonly pointer: string;
  readonly path: string;
  readonly size: number;
  readonly pageToken: string;
}

export interface PartRequest {
  readonly path: string;
  /** Entries of each list. */
  readonly pageSize: number;
  readonly pageToken?: string;
}

/** Asks the daemon for a part. */
export type GetPart = (request: PartRequest) => Promise<Part>;

/** Lists that were cut, with the number of entries they really have. */
export type Lengths = ReadonlyMap<readonly unknown[], number>;

const pageSizeMax = 10_000;

/** A node with all entries of its lists, however many there are. */
export async function readWhole(getPart: GetPart, path: string): Promise<unknown> {
  const get = (request: PartRequest) => fittingPart(getPart, request);
  return completed(get, await get({ path, pageSize: pageSizeMax }));
}

/** A node with the first entries of its lists. */
export async function readStart(
  getPart: GetPart,
  path: string,
  pageSize: number,
): Promise<{ data: unknown; lengths: Lengths }> {
  const { data, rests } = await fittingPart(getPart, { path, pageSize });
  return { data, lengths: new Map(rests.map((rest) => [listAt(data, rest.pointer), rest.size])) };
}

async function completed(get: GetPart, { data, rests }: Part): Promise<unknown> {
  for (const rest of rests) {
    const list = listAt(data, rest.pointer);
    for await (const entries of partsBehind(get, rest)) list.push(...entries);
  }
  return data;
}

/** The entries of a list from where it was cut, at most `pageSizeMax` at a time. */
async function* partsBehind(get: GetPart, { path, pageToken }: Rest): AsyncGenerator<unknown[]> {
  let token: string | undefined = pageToken;
  while (token !== undefined) {
    const part: Part = await get({ path, pageSize: pageSizeMax, pageToken: token });
    // The list itself goes on where this part ends; lists inside its entries are completed here.
    token = part.rests.find((rest) => rest.pointer === "")?.pageToken;
    const inner = part.rests.filter((rest) => rest.pointer !== "");
    yield (await completed(get, { ...part, rests: inner })) as unknown[];
  }
}

/** Entries may be large: as many as fit a message. */
async function fittingPart(getPart: GetPart, request: PartRequest): Promise<Part> {
  try {
    return await getPart(request);
  } catch (error) {
    const isTooBig = error instanceof Refusal && error.code === "RESOURCE_EXHAUSTED";
    if (!isTooBig || request.pageSize === 1) throw error;
    return fittingPart(getPart, { ...request, pageSize: Math.ceil(request.pageSize / 8) });
  }
}

/** The array that an RFC 6901 pointer leads to; names of YANG nodes need no escapes. */
function listAt(data: unknown, pointer: string): unknown[] {
  let at = data;
  for (const name of pointer.split("/").slice(1)) {
    at = (at as { readonly [member: string]: unknown })[name];
  }
  return at as unknown[];
}
