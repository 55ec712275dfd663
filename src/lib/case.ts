/** An enumeration's name in YANG as the one in C has it in row codecs. */
export function lowerCase<T extends string>(text: T): Lowercase<T> {
  return text.toLowerCase() as Lowercase<T>;
}
