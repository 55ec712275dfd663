/**
 * `sourcePrefix`, `source-prefix`, `source.prefix` → `source_prefix`; `_1` → `n1`, since a name in
 * proto begins with a letter, and `_` → `node`.
 */
export function snakeCase(name: string): string {
  const joined = words(name.replace(/([a-z0-9])([A-Z])/g, "$1_$2"))
    .join("_")
    .toLowerCase();
  if (joined === "") return "node";
  return /^[0-9]/.test(joined) ? `n${joined}` : joined;
}

/** `source_prefix` → `SourcePrefix`. */
export function typeName(name: string): string {
  return words(snakeCase(name))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

/** `Ipv4Mode` → `IPV4_MODE`: how `buf lint` derives the prefix of enum values. */
export function enumPrefix(enumName: string): string {
  return enumName.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

/** The part of an enum value's name behind the prefix; code points where no letter is left. */
export function enumValueName(yang: string): string {
  const spelled = words(yang).join("_").toUpperCase();
  if (spelled !== "") return spelled;
  return Array.from(yang, (char) => `U${char.codePointAt(0)?.toString(16).toUpperCase()}`).join(
    "_",
  );
}

/** `FDB_SIZE` → `fdb_size` in the JSON form protoc compares field names by: `fdbSize`. */
export function jsonName(field: string): string {
  return field.replace(/_(.)/g, (_, char: string) => char.toUpperCase());
}

function words(name: string): string[] {
  return name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
}

/** A module's name in packages and file names. */
export function packagePart(module: string): string {
  return snakeCase(module);
}
