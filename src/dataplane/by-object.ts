/** Values by key, and by the object that they belong to. */
export class ByObject<K, V> {
  readonly #objectOf: (value: V) => string;
  readonly #values = new Map<K, V>();
  readonly #keys = new Map<string, Set<K>>();

  constructor(objectOf: (value: V) => string) {
    this.#objectOf = objectOf;
  }

  get(key: K): V | undefined {
    return this.#values.get(key);
  }

  set(key: K, value: V): void {
    this.delete(key);
    this.#values.set(key, value);
    const objectId = this.#objectOf(value);
    const keys = this.#keys.get(objectId) ?? new Set();
    this.#keys.set(objectId, keys.add(key));
  }

  delete(key: K): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    const objectId = this.#objectOf(value);
    const keys = this.#keys.get(objectId);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(objectId);
  }

  clear(): void {
    this.#values.clear();
    this.#keys.clear();
  }

  values(): Iterable<V> {
    return this.#values.values();
  }

  /** Those of one object. */
  *of(objectId: string): Generator<V> {
    for (const key of this.#keys.get(objectId) ?? []) {
      const value = this.#values.get(key);
      if (value !== undefined) yield value;
    }
  }
}
