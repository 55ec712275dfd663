import type { ChangeEvent } from "../../datamodel/datastore/datastore.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { Version } from "./commit-log.ts";
import { Listeners } from "./listeners.ts";

/** Who is told of every change. */
export class ChangeFeed {
  readonly #listeners: Listeners<ChangeEvent>;

  constructor(onError: (error: unknown) => void) {
    this.#listeners = new Listeners(onError);
  }

  subscribe(listener: (event: ChangeEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }

  publish(older: Version, newer: Version, state: readonly InstancePath[]): void {
    this.#listeners.tell({
      commitId: String(newer.id),
      time: new Date(),
      older: older.root,
      newer: newer.root,
      state,
    });
  }
}
