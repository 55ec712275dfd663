import fc from "fast-check";

/** `make fuzz` loads this before the tests; a property with a count of its own keeps it. */
fc.configureGlobal({ numRuns: Number(process.env["FUZZ_RUNS"] ?? 20000), verbose: 1 });
