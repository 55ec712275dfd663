/** What the author of a service can put right; says file and line where there is one. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}
