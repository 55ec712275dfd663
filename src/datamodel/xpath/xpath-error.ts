/** An expression that is not XPath 1.0, or an evaluation that went over its limits. */
export class XpathError extends Error {
  override readonly name = "XpathError";
  readonly expression: string;

  constructor(expression: string, reason: string) {
    super(`xpath "${expression}": ${reason}`);
    this.expression = expression;
  }
}
