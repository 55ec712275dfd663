/** Below this a bar would be gone before it is seen. */
const entriesMin = 2000;

/** Runs a bulk write under a progress bar, if a person is watching. */
export async function withProgress<T>(
  entryCount: number,
  work: (progress: (sent: number) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY || entryCount < entriesMin) return work(() => undefined);
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: "{bar} {value}/{total} entries {phase}, {duration_formatted}",
    stream: process.stderr,
    hideCursor: true,
  });
  bar.start(entryCount, 0, { phase: "sent" });
  try {
    return await work((sent) => {
      const isAll = sent === entryCount;
      bar.update(sent, { phase: isAll ? "sent, being committed" : "sent" });
    });
  } finally {
    bar.stop();
  }
}
