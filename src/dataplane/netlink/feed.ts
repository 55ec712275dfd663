import koffi, { type node } from "koffi";
import type { NetlinkMessage } from "./message.ts";
import type { NetlinkListener } from "./socket.ts";

/** Datagrams read in one go; the rest follows in the next turn of the event loop. */
const DATAGRAMS_MAX = 256;
/** More than fit into the buffer of a socket. */
const DATAGRAMS_WAITING_MAX = 16_384;

/** What keeps a table current from the kernel's events. */
export interface FeedTable<E> {
  apply(message: NetlinkMessage, listener: NetlinkListener): void;
  /** Takes over everything there is now. */
  dump(): void;
  /** The changes since the last call, in order. */
  takeEvents(): readonly E[];
}

/** Reads netlink events into a table, and tells subscribers what has changed in it. */
export class Feed<E> implements Disposable {
  readonly #listeners: readonly NetlinkListener[];
  readonly #table: FeedTable<E>;
  readonly #polls: readonly node.PollHandle[];
  readonly #subscribers = new Set<(event: E) => void>();
  #tellScheduled: NodeJS.Immediate | undefined;

  /** The listeners must listen already, so that nothing falls between the first dump and them. */
  constructor(listeners: readonly NetlinkListener[], table: FeedTable<E>) {
    this.#listeners = listeners;
    this.#table = table;
    table.dump();
    table.takeEvents();
    this.#polls = listeners.map((listener) =>
      koffi.node.poll(listener.fd, { readable: true }, () => {
        this.#read(listener, DATAGRAMS_MAX);
        this.#tell();
      }),
    );
  }

  subscribe(subscriber: (event: E) => void): Disposable {
    this.#subscribers.add(subscriber);
    return { [Symbol.dispose]: () => this.#subscribers.delete(subscriber) };
  }

  /**
   * Reads all that waits, for one who wants to know what is now. Subscribers hear of it later, not
   * in the middle of whatever asked.
   */
  catchUp(): void {
    for (const listener of this.#listeners) this.#read(listener, DATAGRAMS_WAITING_MAX);
    this.#tellScheduled ??= setImmediate(() => this.#tell());
  }

  [Symbol.dispose](): void {
    this.#subscribers.clear();
    clearImmediate(this.#tellScheduled);
    for (const poll of this.#polls) poll.close();
  }

  #read(listener: NetlinkListener, datagramsMax: number): void {
    for (let count = 0; count < datagramsMax; count++) {
      const messages = listener.receive();
      if (messages?.length === 0) return;
      if (!messages) {
        this.#startOver();
        return;
      }
      for (const message of messages) this.#table.apply(message, listener);
    }
  }

  /**
   * What waits in the sockets is older than what was lost, and until they are empty the kernel
   * goes on dropping; so they are emptied before the dump.
   */
  #startOver(): void {
    for (const listener of this.#listeners) {
      for (let count = 0; count < DATAGRAMS_WAITING_MAX; count++) {
        if (listener.receive()?.length === 0) break;
      }
    }
    this.#table.dump();
  }

  /** One subscriber's fault must not keep the others from hearing. */
  #tell(): void {
    this.#tellScheduled = undefined;
    for (const event of this.#table.takeEvents()) {
      for (const subscriber of this.#subscribers) {
        try {
          subscriber(event);
        } catch (error) {
          process.emitWarning(error instanceof Error ? error : String(error));
        }
      }
    }
  }
}
