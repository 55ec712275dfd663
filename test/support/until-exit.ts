/**
 * What a test has made on the machine; a test that runs out of time never gets to dispose of it.
 */
const live = new Set<Disposable>();

process.once("exit", () => {
  for (const resource of live) resource[Symbol.dispose]();
});

/** Calls `remove` when disposed, or when the process ends if that comes first. */
export function untilExit(remove: () => void): Disposable {
  const resource = {
    [Symbol.dispose]: () => {
      if (live.delete(resource)) remove();
    },
  };
  live.add(resource);
  return resource;
}
