/** Something in the data plane that is not as the configuration has it. */
export interface Drift {
  /** Whose it is; empty where it is no cube's. */
  readonly cube: string;
  readonly thing: "object" | "row" | "program" | "attachment" | "device";
  readonly kind: "missing" | "changed" | "unexpected";
  /** Map, slot, hook of a device, or object. */
  readonly target: string;
  /** Of a row. */
  readonly key?: unknown;
  /** What should be there, where it can be told. */
  readonly expected?: unknown;
  readonly found?: unknown;
  /** Instance path of the node that wants it. */
  readonly cause?: string;
}

export interface Verification {
  /** The configuration that the data plane was compared with. */
  readonly commitId: string;
  /** The first `driftsMax` of them. */
  readonly drifts: readonly Drift[];
  readonly total: number;
  /** All of it was mended. */
  readonly isRepaired: boolean;
}

/** Drifts told at once. */
export const driftsMax = 1000;

/** Compares the data plane with the configuration. */
export interface Verifier {
  /**
   * @throws RequestError `in-use` while frames are traced, which changes rows; CommitError if
   *   something could not be mended: the drift that is left is that of before
   */
  verify(options: { readonly repair: boolean }): Promise<Verification>;
}
