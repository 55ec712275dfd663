import { decimalType } from "./decimal-type.ts";
import { instanceIdentifierType } from "./instance-identifier.ts";
import { integerType } from "./integer-type.ts";
import type { IrType } from "./ir.ts";
import {
  bitsType,
  booleanType,
  emptyType,
  enumerationType,
  identityrefType,
} from "./named-type.ts";
import { binaryType, stringType } from "./string-type.ts";
import { unionType } from "./union-type.ts";
import type { ValueType } from "./value-type.ts";

/**
 * Compiles a type. `identities` maps each identity to all that derive from it; `module` is that of
 * the leaf, where identities without a module name belong.
 * @throws Error for a pattern that cannot be translated
 */
export function valueType(
  ir: IrType,
  identities: ReadonlyMap<string, ReadonlySet<string>>,
  module: string,
): ValueType {
  switch (ir.base) {
    case "decimal64":
      return decimalType(ir);
    case "string":
      return stringType(ir);
    case "binary":
      return binaryType(ir);
    case "boolean":
      return booleanType(ir);
    case "empty":
      return emptyType(ir);
    case "enumeration":
      return enumerationType(ir);
    case "bits":
      return bitsType(ir);
    case "identityref":
      return identityrefType(ir, identities, module);
    case "instance-identifier":
      return instanceIdentifierType(ir);
    case "leafref":
      // The target's values are this leaf's; whether one exists is for validation.
      return { ...valueType(ir.type, identities, module), ir };
    case "union":
      return unionType(
        ir,
        ir.types.map((member) => valueType(member, identities, module)),
      );
    default:
      return integerType(ir);
  }
}
