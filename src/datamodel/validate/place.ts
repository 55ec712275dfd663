import type { Cursor } from "../xpath/cursor.ts";

/** One data node of a comparison, in the older tree, the newer one, or both. */
export class Place {
  readonly parent: Place | undefined;
  readonly was: Cursor | undefined;
  readonly is: Cursor | undefined;
  readonly depth: number;

  constructor(parent: Place | undefined, was: Cursor | undefined, is: Cursor | undefined) {
    this.parent = parent;
    this.was = was;
    this.is = is;
    this.depth = parent ? parent.depth + 1 : 0;
  }

  ancestor(depth: number): Place {
    let at: Place = this;
    while (at.depth > depth && at.parent) at = at.parent;
    return at;
  }

  /** Names the node, the same in both trees. */
  get identity(): string {
    return (this.is ?? this.was)?.identity ?? "";
  }
}
