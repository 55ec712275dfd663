import assert from "node:assert/strict";
import { parseCommandLine } from "../../src/cli/command-line.ts";
import { traceRequest } from "../../src/cli/trace.ts";
import type { TraceStep, TraceTarget } from "../../src/cli/trace-step.ts";
import { stepData, TraceView } from "../../src/cli/trace-view.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { packet } from "../support/packet.ts";

function request(line: string) {
  const parsed = parseCommandLine(line.split(" "));
  return traceRequest(parsed, parsed.words.slice(1));
}

const beganNs = 1_795_608_000_250_001_002n;
const way = packet().ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b");
const head = way.ipv4("192.0.2.1", "192.0.2.2").udp(1, 2).bytes();
const nowhere: TraceTarget = { kind: "none", cube: "", port: "", device: "", way: "unspecified" };

function step(given: Partial<TraceStep>): TraceStep {
  const plain = { frame: 1, timeNs: beganNs, cube: "", reason: "", length: 60, head } as const;
  return { event: "sent", target: undefined, ...plain, ...given };
}

function target(given: Partial<TraceTarget>): TraceTarget {
  return { ...nowhere, ...given };
}

describe("trace", () => {
  it("asks with names or numbers, in any case", () => {
    assert.deepEqual(request("trace br0:p1"), { at: "br0:p1", filter: {} });
    assert.deepEqual(request("trace v1 protocol=udp port=53 ethertype=0x0806 frames=1 seconds=2"), {
      at: "v1",
      filter: { protocol: 17, port: 53, ethertype: 0x0806 },
      frames: 1,
      seconds: 2,
    });
    assert.deepEqual(request("trace v1 ethertype=IPv6 protocol=99 ip=::1 mac=x").filter, {
      ethertype: 0x86dd,
      protocol: 99,
      ip: "::1",
      mac: "x",
    });
  });

  const refusals = [
    { line: "trace", says: /needs a port/ },
    { line: "trace a:b c:d", says: /one place at a time/ },
    { line: "trace a:b protcol=1", says: /no protcol= \(did you mean protocol\?\)/ },
    { line: "trace a:b protocol=quic", says: /a number or ICMP, / },
    { line: "trace a:b port=-1", says: /a number is needed/ },
    { line: "trace a:b frames=0", says: /at least 1/ },
    { line: "plan trace a:b", says: /nothing to plan/ },
    { line: "trace del a:b", says: /not possible/ },
  ];
  for (const { line, says } of refusals) {
    it(`does not understand ${line}`, () => {
      assert.throws(
        () => request(line),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, says);
          return true;
        },
      );
    });
  }

  it("tells who decided what, after how long, below a heading for each frame", () => {
    const view = new TraceView(undefined);
    const toPort = target({ kind: "cube", cube: "br0", port: "br0:p1" });
    const steps = [
      step({ event: "entered", target: target({ kind: "cube", cube: "th0", way: "ingress" }) }),
      step({ cube: "th0", timeNs: beganNs + 4_900n, target: toPort }),
      step({
        event: "copied",
        cube: "br0",
        timeNs: beganNs + 6_000n,
        target: target({ kind: "device", device: "v2", port: "br0:p2" }),
      }),
      step({ cube: "br0", target: target({ kind: "device", device: "v3" }) }),
      step({ cube: "br0", target: target({ kind: "stack", device: "v1" }) }),
      step({ cube: "br0", target: nowhere }),
      step({ event: "dropped", cube: "br0", reason: "no-peer" }),
      step({ event: "dropped", reason: "hop-limit" }),
      step({ event: "punted", cube: "hw0" }),
    ];

    const [heading, ...lines] = steps.flatMap((one) => view.lines(one));

    assert.match(
      String(heading),
      /^frame 1, \d\d:\d\d:\d\d\.250001, 60 bytes: 02:00:00:00:00:0a > .*UDP 1 > 2$/,
    );
    assert.deepEqual(lines, [
      "       +0 µs  comes to th0 (ingress)",
      "       +4 µs  th0 sends it to br0:p1",
      "       +6 µs  br0 sends a copy to v2 (br0:p2)",
      "       +0 µs  br0 sends it to v3",
      "       +0 µs  br0 sends it to the host, as from v1",
      "       +0 µs  br0 sends it to nothing",
      "       +0 µs  br0 drops it: no-peer",
      "       +0 µs  is dropped: hop-limit",
      "       +0 µs  hw0 hands it to the daemon",
    ]);
  });

  it("says which frame goes on where two come at a time, and when one was rewritten", () => {
    const view = new TraceView(undefined);
    const other = way.ipv4("192.0.2.1", "198.51.100.1").udp(1, 2).bytes();
    view.lines(step({}));
    view.lines(step({ frame: 2 }));

    const lines = view.lines(step({ head: other, cube: "nat", target: nowhere }));

    assert.equal(lines[0], "frame 1 …");
    assert.match(String(lines[2]), /^ {14}as .* > 198\.51\.100\.1, UDP/);
    assert.equal(view.lines(step({ head: other, cube: "nat", target: nowhere })).length, 1);
  });

  it("gives data without what does not apply", () => {
    const entered = step({
      event: "entered",
      head: Uint8Array.of(1, 255),
      target: target({ kind: "cube", cube: "th0", way: "egress" }),
    });

    assert.deepEqual(stepData(entered), {
      frame: 1,
      length: 60,
      event: "entered",
      time: "2026-11-25T12:00:00.250001002Z",
      target: { kind: "cube", cube: "th0", way: "egress" },
      head: "01ff",
    });
    assert.deepEqual(Object.keys(stepData(step({ event: "dropped", reason: "x" })) as object), [
      "event",
      "frame",
      "length",
      "time",
      "reason",
      "head",
    ]);
  });
});
