/** The abstract syntax of XPath 1.0, abbreviations expanded. */
export type Expression =
  | { readonly kind: "literal"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | Binary
  | { readonly kind: "negate"; readonly operand: Expression }
  | Call
  | LocationPath;

export type Operator =
  | "or"
  | "and"
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "+"
  | "-"
  | "*"
  | "div"
  | "mod"
  | "|";

export interface Binary {
  readonly kind: "binary";
  readonly operator: Operator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface LocationPath {
  readonly kind: "path";
  /** Where the first step starts: the root, the context node, or the nodes of an expression. */
  readonly start: "root" | "context" | FilteredStart;
  readonly steps: readonly Step[];
}

export interface FilteredStart {
  readonly expression: Expression;
  readonly predicates: readonly Expression[];
}

export interface Step {
  readonly axis: Axis;
  readonly test: NodeTest;
  readonly predicates: readonly Expression[];
}

export const axes = [
  "ancestor",
  "ancestor-or-self",
  "attribute",
  "child",
  "descendant",
  "descendant-or-self",
  "following",
  "following-sibling",
  "namespace",
  "parent",
  "preceding",
  "preceding-sibling",
  "self",
] as const;

export type Axis = (typeof axes)[number];

export type NodeTest =
  /** `module` undefined: any (`*`); `name` undefined: any of the module. */
  | {
      readonly kind: "name";
      readonly module: string | undefined;
      readonly name: string | undefined;
    }
  | { readonly kind: "node" }
  /** A leaf's text; the leaf itself stands for it. */
  | { readonly kind: "text" }
  /** Comments and processing instructions, which data never has. */
  | { readonly kind: "nothing" };
