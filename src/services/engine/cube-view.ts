import type { AnyConfig, AnyFacts } from "../any-service.ts";

/** What rows of a cube are a function of. */
export interface CubeView {
  readonly config: AnyConfig;
  readonly facts: AnyFacts;
}
