import { libbpf } from "./libbpf.ts";
import { checked, givingWay, type PinnedFiles } from "./pins.ts";
import { type Listener, RingBuffer } from "./ring-buffer.ts";

/** A pinned ring buffer. */
interface Pinned {
  readonly path: string;
  readonly maxEntries: number;
}

/** The ring buffers that somebody listens to; each is read once for all its listeners. */
export class RingBuffers implements Disposable {
  readonly #files: PinnedFiles;
  readonly #open = new Map<string, RingBuffer>();

  constructor(files: PinnedFiles) {
    this.#files = files;
  }

  subscribe(pinned: Pinned, listener: Listener): Disposable {
    const { path } = pinned;
    const buffer = this.#open.get(path) ?? this.#openBuffer(pinned);
    buffer.add(listener);
    return {
      [Symbol.dispose]: () => {
        buffer.delete(listener);
        if (!buffer.hasListeners && this.#open.get(path) === buffer) this.close(path);
      },
    };
  }

  close(path: string): void {
    this.#open.get(path)?.[Symbol.dispose]();
    this.#open.delete(path);
  }

  [Symbol.dispose](): void {
    for (const path of [...this.#open.keys()]) this.close(path);
  }

  #openBuffer({ path, maxEntries }: Pinned): RingBuffer {
    const open = () => checked(libbpf().openPin(path), `opening ${path}`);
    const buffer = new RingBuffer(givingWay(this.#files, open), maxEntries);
    this.#open.set(path, buffer);
    return buffer;
  }
}
