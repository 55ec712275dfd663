import { refuse } from "../../datamodel/error.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { PlainMessage } from "./leaf-codec.ts";

const pageSize = { default: 1_000, max: 10_000 };

export interface PageRequest {
  readonly size: number;
  /** Encoded key of the last entry of the page before. */
  readonly after: string | undefined;
}

/** `page_size` and `page_token` of a List request. */
export function pageRequest({ page_size: size = 0, page_token: token = "" }: PlainMessage) {
  const wanted = size as number;
  if (wanted < 0 || wanted > pageSize.max) {
    throw refuse("invalid-value", "", `page_size ${wanted} is not in 0..${pageSize.max}`);
  }
  return { size: wanted === 0 ? pageSize.default : wanted, after: readToken(token as string) };
}

/** One page of a list and the token of the next; costs O(page). */
export function page(
  list: YangList<DataObject>,
  { size, after }: PageRequest,
): { entries: DataObject[]; next: string } {
  // A list ordered by key has a place for a key that is gone; a user's order has not.
  if (after !== undefined && list.userOrdered && list.at(after) === undefined) {
    throw refuse("bad-element", "", "page_token: the entry it points behind has been deleted");
  }
  const entries: DataObject[] = [];
  let last: string | undefined;
  for (const [key, entry] of list.entries(after)) {
    if (entries.length === size) return { entries, next: pageToken(last ?? "") };
    entries.push(entry);
    last = key;
  }
  return { entries, next: "" };
}

const tokenMark = "1";

export function pageToken(key: string): string {
  return tokenMark + Buffer.from(key).toString("base64url");
}

function readToken(token: string): string | undefined {
  if (token === "") return undefined;
  const key = Buffer.from(token.slice(1), "base64url");
  if (token.startsWith(tokenMark) && key.toString("base64url") === token.slice(1)) {
    return key.toString();
  }
  throw refuse("invalid-value", "", "page_token is none that List has given");
}
