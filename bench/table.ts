import type { Figure } from "./figure.ts";

export interface Table {
  readonly title: string;
  /** Measures; `folder` is on disk and removed afterwards. */
  run(folder: string): Promise<readonly Figure[]>;
}
