import { refuse } from "../../datamodel/error.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { crc32c } from "../../lib/crc32c.ts";
import type { PlainMessage } from "./leaf-codec.ts";

const pageSize = { default: 1_000, max: 10_000 };

export interface PageRequest {
  readonly size: number;
  /** Encoded key of the last entry of the page before. */
  readonly after: string | undefined;
}

/** `page_size` and `page_token` of a request for a list, which is told from others by its path. */
export function pageRequest(
  { page_size: size = 0, page_token: token = "" }: PlainMessage,
  listPath: string,
): PageRequest {
  const wanted = size as number;
  if (wanted < 0 || wanted > pageSize.max) {
    throw refuse("invalid-value", "", `page_size ${wanted} is not in 0..${pageSize.max}`);
  }
  return {
    size: wanted === 0 ? pageSize.default : wanted,
    after: readToken(token as string, listPath),
  };
}

/** One page of a list and, where it goes on, the key of its last entry; costs O(page). */
export function page(
  list: YangList<DataObject>,
  { size, after }: PageRequest,
): { entries: DataObject[]; last?: string } {
  // A list ordered by key has a place for a key that is gone; a user's order has not.
  if (after !== undefined && list.userOrdered && list.at(after) === undefined) {
    throw refuse("bad-element", "", "page_token: the entry it points behind has been deleted");
  }
  const entries: DataObject[] = [];
  let last = "";
  for (const [key, entry] of list.entries(after)) {
    if (entries.length === size) return { entries, last };
    entries.push(entry);
    last = key;
  }
  return { entries };
}

const checksumSize = 4;

/** The key, behind a checksum of list and key: a token of another list, or a part of one, fails. */
export function pageToken(listPath: string, key: string): string {
  const content = Buffer.from(key);
  const checksum = Buffer.alloc(checksumSize);
  checksum.writeUInt32BE(crc32c(Buffer.from(`${listPath}\n${key}`)));
  return Buffer.concat([checksum, content]).toString("base64url");
}

function readToken(token: string, listPath: string): string | undefined {
  if (token === "") return undefined;
  const key = Buffer.from(token, "base64url").subarray(checksumSize).toString();
  if (pageToken(listPath, key) === token) return key;
  throw refuse("invalid-value", "", "page_token is none that this list has given");
}
