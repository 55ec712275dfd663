/** The model cannot become an API as it stands; the message says which nodes and what to do. */
export class GenerationError extends Error {
  override readonly name = "GenerationError";
}
