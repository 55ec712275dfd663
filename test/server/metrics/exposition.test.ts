import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { journalMetrics } from "../../../src/journal/journal-metrics.ts";
import type { Metric, MetricSource, Tell } from "../../../src/lib/metric.ts";
import { Exposition } from "../../../src/server/metrics/exposition.ts";
import { engineFixture } from "../../support/engine.ts";

const frames: Metric = {
  name: "test_frames_total",
  help: "Frames.",
  type: "counter",
  labels: ["cube", "port"],
};
const up: Metric = { name: "test_up", help: "Whether.", type: "gauge", labels: [] };

function source(collect: (tell: Tell) => void): MetricSource {
  return {
    metrics: [frames, up],
    *collect(tell) {
      collect(tell);
      yield;
    },
  };
}

function exposition(...sources: MetricSource[]): Exposition {
  const made = new Exposition({ version: "1.2.3", outcomes: ["committed", "failed"] });
  for (const added of sources) made.add(added);
  return made;
}

/** The lines of one metric, without its help. */
async function linesOf(text: Promise<string>, name: string): Promise<string[]> {
  return (await text).split("\n").filter((line) => line.startsWith(name));
}

describe("the exposition of metrics", () => {
  it("has what its sources tell, with labels in their order, and type and help", async () => {
    const made = exposition(
      source((tell) => {
        tell(frames, 12, ["br0", 'a"b']);
        tell(frames, 3, ["br0", "p2"]);
        tell(up, 1);
      }),
    );

    const text = await made.text();

    assert.match(text, /^# HELP test_frames_total Frames\.\n# TYPE test_frames_total counter$/m);
    assert.match(text, /^test_frames_total\{cube="br0",port="a\\"b"\} 12$/m);
    assert.match(text, /^test_frames_total\{cube="br0",port="p2"\} 3$/m);
    assert.match(text, /^test_up 1$/m);
    assert.match(text, /^yangplane_build_info\{version="1\.2\.3"\} 1$/m);
  });

  it("forgets what a source does not tell any more", async () => {
    let ports = ["p1", "p2"];
    const made = exposition(
      source((tell) => {
        for (const port of ports) tell(frames, 5, ["br0", port]);
      }),
    );
    await made.text();

    ports = ["p2"];

    assert.deepEqual(await linesOf(made.text(), "test_frames"), [
      'test_frames_total{cube="br0",port="p2"} 5',
    ]);
  });

  it("is made once for all who ask at the same time, and anew for the next", async () => {
    let rounds = 0;
    const made = exposition(
      source((tell) => {
        rounds += 1;
        tell(up, rounds);
      }),
    );

    const texts = await Promise.all([made.text(), made.text()]);
    const next = await linesOf(made.text(), "test_up");

    assert.equal(texts[0], texts[1]);
    assert.deepEqual(next, ["test_up 2"]);
  });

  it("tells the failure of a source to who asks, and answers the next", async () => {
    let isBroken = true;
    const made = exposition(
      source((tell) => {
        if (isBroken) throw new Error("no room");
        tell(up, 1);
      }),
    );
    await assert.rejects(made.text(), /no room/);

    isBroken = false;

    assert.deepEqual(await linesOf(made.text(), "test_up"), ["test_up 1"]);
  });

  it("counts transactions by stage and outcome, from nought", async () => {
    const made = exposition();

    made.observe({ stage: "applied", outcome: "committed", milliseconds: 0.2 });
    made.observe({ stage: "durable", outcome: "committed", milliseconds: 3 });

    const lines = await linesOf(made.text(), "yangplane_commit_duration_seconds");
    const expected = [
      '_bucket{le="0.0001",stage="applied",outcome="committed"} 0',
      '_bucket{le="0.00025",stage="applied",outcome="committed"} 1',
      '_bucket{le="0.0025",stage="durable",outcome="committed"} 0',
      '_bucket{le="0.005",stage="durable",outcome="committed"} 1',
      '_sum{stage="durable",outcome="committed"} 0.003',
      '_count{stage="applied",outcome="failed"} 0',
    ];
    for (const line of expected) {
      assert.ok(lines.includes(`yangplane_commit_duration_seconds${line}`), line);
    }
  });
});

describe("docs/reference/metrics.md", () => {
  it("lists exactly the metrics there are, with type and labels", async () => {
    const { engine } = await engineFixture();
    const journal = { failure: undefined, size: { snapshot: 0, log: 0 } };
    const sources = [engine.metrics, journalMetrics(journal)];
    const text = readFileSync("docs/reference/metrics.md", "utf8");

    const rows = text.matchAll(/^\| `([a-z_]+)` \| (\w+) \| ([a-z_, ]*) ?\|/gm);
    const documented = [...rows].map(([, name, type, labels = ""]) => {
      return `${name} ${type} ${labels.trim()}`;
    });
    const own = sources.flatMap(({ metrics }) => metrics);
    const told = own.map(({ name, type, labels }) => `${name} ${type} ${labels.join(", ")}`);
    const named = new Set(
      [...text.matchAll(/`((?:yangplane|process|nodejs)_[a-z0-9_]+)`/g)].map(([, name]) => name),
    );

    const builtIn = [
      "yangplane_build_info gauge version",
      "yangplane_commit_duration_seconds histogram stage, outcome",
    ];
    assert.deepEqual(documented.sort(), [...told, ...builtIn].sort());
    assert.deepEqual([...named].sort(), [...exposition(...sources).names].sort());
  });
});
