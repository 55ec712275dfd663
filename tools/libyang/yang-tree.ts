import { native, type OutPointer, type Pointer, takeErrors, takeText } from "./native.ts";

// Values of libyang's headers, the same in all major versions.
const formatJson = 2;
const parseStrict = 0x020000;
const parseOnly = 0x010000;
const validatePresent = 0x0002;
const printSiblings = 0x01;
const mergeAll = 0;

/** A data tree in libyang that is edited and judged step by step, as a server of its own would. */
export class YangTree implements Disposable {
  readonly #context: Pointer;
  readonly #tree: OutPointer = [null];

  /** @throws Error for JSON that does not fit the models */
  constructor(context: Pointer, json: string) {
    this.#context = context;
    this.#tree[0] = this.#parse(json);
  }

  /** Adds what the JSON has, from the root. */
  merge(json: string): void {
    const source = this.#parse(json);
    const code = native().mergeSiblings(this.#tree, source, mergeAll);
    native().freeData(source);
    this.#check(code, "merging");
  }

  /** Removes a node that is there and not the first of the tree. */
  remove(path: string): void {
    const out: OutPointer = [null];
    this.#check(native().findPath(this.#root, path, 0, out), `finding ${path}`);
    if (out[0] !== null) native().freeTree(out[0]);
  }

  /**
   * Deletes nodes whose `when` turned false and judges the rest; the first thing wrong, if any.
   */
  validate(): string | undefined {
    takeErrors();
    const code = native().validateAll(this.#tree, this.#context, validatePresent, null);
    const [first] = takeErrors();
    return code === 0 ? undefined : (first?.message ?? `libyang error ${code}`);
  }

  /** RFC 7951 JSON of the explicit values. */
  json(): unknown {
    const out: OutPointer = [null];
    this.#check(native().printData(out, this.#root, formatJson, printSiblings), "printing");
    return out[0] === null ? {} : JSON.parse(takeText(out[0]));
  }

  [Symbol.dispose](): void {
    if (this.#tree[0] !== null) native().freeData(this.#tree[0]);
  }

  get #root(): Pointer {
    if (this.#tree[0] === null) throw new Error("the tree is empty");
    return this.#tree[0];
  }

  #parse(json: string): Pointer {
    const out: OutPointer = [null];
    takeErrors();
    const flags = parseStrict | parseOnly;
    const code = native().parseData(this.#context, json, formatJson, flags, 0, out);
    this.#check(code, json);
    if (out[0] === null) throw new Error("no data");
    return out[0];
  }

  #check(code: number, what: string): void {
    if (code === 0) return;
    throw new Error(`${what}: ${takeErrors()[0]?.message ?? `libyang error ${code}`}`);
  }
}
