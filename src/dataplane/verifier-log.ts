const LINES_SHOWN_MAX = 8;

/** Lines that say how much work the verifier had, not what it objects to. */
const STATISTICS = /^(processed \d+ insns|verification time|stack depth|-- (BEGIN|END) PROG)/;

/** What a reader needs of libbpf's messages and the verifier's log: the last lines that matter. */
export function lastUsefulLines(messages: readonly string[]): string | undefined {
  const lines = messages
    .flatMap((message) => message.split("\n"))
    .map((line) => line.replace(/^libbpf: /, "").trimEnd())
    .filter((line) => line !== "" && !STATISTICS.test(line.replace(/^prog '[^']*': /, "")));
  if (lines.length === 0) return undefined;
  const shown = lines.slice(-LINES_SHOWN_MAX);
  const omitted = lines.length - shown.length;
  return [...(omitted > 0 ? [`(${omitted} lines omitted)`] : []), ...shown].join("\n");
}
