import type { ProtoField, ProtoType } from "./proto-model.ts";

/** Fixed numbers of request and response fields; 1–15 are keys. */
const numbers = {
  body: 16,
  update_mask: 17,
  removed: 17,
  allow_missing: 18,
  options: 19,
  page_size: 20,
  page_token: 21,
  next_page_token: 21,
  read: 22,
  commit: 23,
  commit_id: 24,
} as const;

const core = "yangplane.core.v1";

const fixed: Record<Exclude<keyof typeof numbers, "body">, ProtoType> = {
  update_mask: { message: "google.protobuf.FieldMask" },
  removed: { message: "google.protobuf.Empty" },
  allow_missing: { scalar: "bool" },
  options: { message: `${core}.WriteOptions` },
  page_size: { scalar: "int32" },
  page_token: { scalar: "string" },
  next_page_token: { scalar: "string" },
  read: { message: `${core}.ReadOptions` },
  commit: { message: `${core}.Commit` },
  commit_id: { scalar: "string" },
};

/** Fields that requests and answers of every node have under one number. */
export type Fixed = keyof typeof fixed;

/** True for a name that a node's own field cannot have in a request or answer. */
export function isFixed(name: string): boolean {
  return name in numbers;
}

export const fixedNames: readonly string[] = Object.keys(numbers);

export function fixedField(name: Fixed): ProtoField {
  return { name, number: numbers[name], type: fixed[name] };
}

export function bodyField(name: string, fullName: string): ProtoField {
  return { name, number: numbers.body, type: { message: fullName } };
}
