import type { IrType } from "./ir.ts";

/**
 * A leaf value in canonical form, always a JavaScript primitive so that `===` is YANG equality:
 * int8…uint32 → number; int64, uint64 → bigint; boolean → boolean; empty → null; everything else
 * (string, enumeration, decimal64 "1.50" → "1.5", bits in position order, binary as canonical
 * base64, identityref "module:name", instance-identifier) → string. A leafref has its target's
 * form, a union that of the first member type that accepts the value (RFC 7950 §9.12).
 */
export type LeafValue = string | number | bigint | boolean | null;

/** A value that its type does not accept; the message says why, without the path. */
export class ValueError extends Error {
  override readonly name = "ValueError";
  readonly appTag: string | undefined;

  constructor(message: string, appTag?: string) {
    super(message);
    this.appTag = appTag;
  }
}

/** A YANG type compiled: the three forms of a value and the check of its restrictions. */
export interface ValueType {
  readonly ir: IrType;
  /**
   * From RFC 7951 JSON (parsed). Integers of 64 bits may also be safe JSON numbers. @throws
   * ValueError
   */
  fromJson(json: unknown): LeafValue;
  toJson(value: LeafValue): unknown;
  /** From the lexical form (path predicates, defaults, command line). @throws ValueError */
  fromText(text: string): LeafValue;
  /** The canonical lexical form. */
  toText(value: LeafValue): string;
}
