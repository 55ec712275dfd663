/** What `make fuzz` gives properties that have no count of their own. */
const fuzzRuns = process.env["FUZZ_RUNS"];
/** With as many as it gives by default, the others run ten times as often as usual. */
const runsPerTime = 2000;

/** Runs of a property that costs more than most: `usual`, and many times that in `make fuzz`. */
export function runs(usual: number): number {
  return fuzzRuns === undefined ? usual : Math.ceil((usual * Number(fuzzRuns)) / runsPerTime);
}

/** How long a test with such a property may take, in milliseconds; no limit in `make fuzz`. */
export function limit(usualMs: number): number {
  return fuzzRuns === undefined ? usualMs : 0;
}
