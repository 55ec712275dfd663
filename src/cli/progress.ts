/** Below this a bar would be gone before it is seen. */
const editsMin = 2000;

/** Runs a bulk write under a progress bar, if a person is watching. */
export async function withProgress<T>(
  editCount: number,
  work: (progress: (sent: number) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY || editCount < editsMin) return work(() => undefined);
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: "{bar} {value}/{total} edits, {duration_formatted}",
    stream: process.stderr,
    hideCursor: true,
  });
  bar.start(editCount, 0);
  try {
    return await work((sent) => bar.update(sent));
  } finally {
    bar.stop();
  }
}
