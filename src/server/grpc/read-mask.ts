import type { View } from "../../datamodel/datastore/datastore.ts";
import { refuse } from "../../datamodel/error.ts";
import type { Mask } from "./encode.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import type { ProtoField, ProtoMessage } from "./proto-model.ts";
import type { TypeRegistry } from "./type-registry.ts";

/** Paths in one mask; more is no mask but an attack. */
const pathsMax = 1_000;

const viewConfig = 2;

export interface ReadChoice {
  readonly view: View;
  readonly only: Mask | undefined;
}

/** ReadOptions of a request against the message it reads. */
export function readChoice(
  options: unknown,
  message: ProtoMessage,
  types: TypeRegistry,
): ReadChoice {
  const { view, read_mask: mask } = (options ?? {}) as PlainMessage;
  const paths = maskPaths(mask);
  const only =
    paths.length === 0 || paths.includes("*") ? undefined : readMask(paths, message, types);
  return { view: view === viewConfig ? "config" : "operational", only };
}

/** The paths of a google.protobuf.FieldMask, absent or not. */
export function maskPaths(mask: unknown): readonly string[] {
  const paths = ((mask as PlainMessage | undefined)?.["paths"] ?? []) as readonly string[];
  if (paths.length > pathsMax) {
    throw refuse("too-big", "", `a mask of ${paths.length} paths is longer than ${pathsMax}`);
  }
  return paths;
}

function readMask(paths: readonly string[], message: ProtoMessage, types: TypeRegistry): Mask {
  const mask = emptyMask();
  // The shortest first: a path below one that is there already adds nothing.
  for (const path of [...paths].sort((a, b) => a.length - b.length)) {
    const fields = maskFields(path, message, types);
    let at = mask;
    for (const [index, { name }] of fields.entries()) {
      const known = at[name];
      if (known !== undefined && Object.keys(known).length === 0) break;
      const inner = known ?? emptyMask();
      at[name] = inner;
      if (index < fields.length - 1) at = inner as { [field: string]: Mask };
    }
  }
  return mask;
}

/** Without what objects inherit: there may be a field `constructor`. */
function emptyMask(): { [field: string]: Mask } {
  return Object.create(null);
}

/** The fields a mask path goes through. */
export function maskFields(path: string, message: ProtoMessage, types: TypeRegistry): ProtoField[] {
  let at: ProtoMessage | undefined = message;
  return path.split(".").map((name) => {
    const field: ProtoField | undefined = at?.fields.find((candidate) => candidate.name === name);
    if (field?.node === undefined) {
      throw refuse("unknown-element", "", `mask path "${path}": there is no field "${name}"`);
    }
    const isParent = field.node.kind === "container" || field.node.kind === "list";
    at = isParent && "message" in field.type ? types.message(field.type.message) : undefined;
    return field;
  });
}
