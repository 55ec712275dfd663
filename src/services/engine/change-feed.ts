import type { ChangeEvent } from "../../datamodel/datastore/datastore.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { Version } from "./commit-log.ts";

type Listener = (event: ChangeEvent) => void;

/** Who is told of every change. */
export class ChangeFeed {
  readonly #listeners = new Set<Listener>();
  readonly #onError: (error: unknown) => void;

  /** `onError` is told what a listener throws: the others are told all the same. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  subscribe(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  publish(older: Version, newer: Version, state: readonly InstancePath[]): void {
    const event: ChangeEvent = {
      commitId: String(newer.id),
      time: new Date(),
      older: older.root,
      newer: newer.root,
      state,
    };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
