import type { Datastore, View } from "../../datamodel/datastore/datastore.ts";
import { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject, DataValue } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import type { PageRequest } from "./page.ts";

/** `shallow`: of entries, what lists below them hold is not wanted. */
export interface ListingRequest extends PageRequest {
  readonly shallow?: boolean;
}

/** How long the pages of one listing show one state, in milliseconds. */
const keptMs = 10_000;
const keptMax = 8;

interface Kept {
  readonly commitId: string;
  readonly list: YangList<DataObject>;
  readonly timer: NodeJS.Timeout;
}

/**
 * Lists that clients page through. In the operational view a list is put together from state when
 * it is read: doing so for each page would cost the whole list each time. A first page is always
 * read anew, and so is one behind which the configuration has changed.
 */
export class Listings {
  readonly #datastore: Datastore;
  readonly #kept = new Map<string, Kept>();

  constructor(datastore: Datastore) {
    this.#datastore = datastore;
  }

  /** The node at a path, from which a page is to be taken if it is a list. */
  read(path: InstancePath, view: View, request: ListingRequest): DataValue | undefined {
    if (view === "config") return this.#datastore.read(path, view);
    const { size, after, shallow = false } = request;
    const key = `${printPath(path)}${shallow ? " shallow" : ""}`;
    const { commitId } = this.#datastore.snapshot();
    const kept = this.#kept.get(key);
    if (after !== undefined && kept?.commitId === commitId) return kept.list;
    this.#drop(key);
    const value = this.#datastore.read(path, view, { shallow });
    if (value instanceof YangList && value.size > size) {
      this.#keep(key, commitId, value as YangList<DataObject>);
    }
    return value;
  }

  #keep(key: string, commitId: string, list: YangList<DataObject>): void {
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= keptMax) this.#drop(oldest);
    const timer = setTimeout(() => this.#kept.delete(key), keptMs).unref();
    this.#kept.set(key, { commitId, list, timer });
  }

  #drop(key: string): void {
    clearTimeout(this.#kept.get(key)?.timer);
    this.#kept.delete(key);
  }
}
