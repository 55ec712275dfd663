import assert from "node:assert/strict";
import { resolve } from "node:path";
import { parseOptions, UsageError, usage } from "../../src/daemon/options.ts";

describe("the options of yangplaned", () => {
  it("are told in 80 columns", () => {
    assert.deepEqual(
      usage.split("\n").filter((line) => line.length > 80),
      [],
    );
  });

  it("have defaults for a daemon of the system", () => {
    assert.deepEqual(parseOptions([]), {
      socket: "/run/yangplane/yangplane.sock",
      stateDirectory: "/var/lib/yangplane",
      dataplane: "kernel",
      pinDirectory: "/sys/fs/bpf/yangplane",
      serviceDirectories: [],
      insecure: false,
      logLevel: "info",
      cleanup: false,
    });
  });

  it("give each state directory a pin directory of its own", () => {
    const pins = ["/tmp/a", "/tmp/b", "/tmp/../tmp/a"].map((directory) => {
      const options = parseOptions(["--state-dir", directory]);
      return typeof options === "string" ? undefined : options.pinDirectory;
    });

    assert.notEqual(pins[0], pins[1]);
    assert.equal(pins[0], pins[2]);
    assert.match(pins[0] ?? "", /^\/sys\/fs\/bpf\/yangplane-[0-9a-f]{12}$/);
  });

  it("take folders of services, from where the daemon is started", () => {
    const options = parseOptions(["--service-dir", "a", "--service-dir", "/srv/b"]);

    const folders = typeof options === "string" ? [] : options.serviceDirectories;
    assert.deepEqual(folders, [resolve("a"), "/srv/b"]);
  });

  const listeners = [
    { argument: "127.0.0.1:50051", host: "127.0.0.1", port: 50_051 },
    { argument: "[::1]:0", host: "::1", port: 0 },
    { argument: "localhost:65535", host: "localhost", port: 65_535 },
  ];
  for (const { argument, host, port } of listeners) {
    it(`take ${argument} for a listener`, () => {
      const options = parseOptions(["--listen", argument, "--insecure"]);

      assert.deepEqual(typeof options === "string" ? undefined : options.listen, { host, port });
    });
  }

  const metrics = [
    { argv: ["--metrics", "9700"], host: "127.0.0.1", port: 9700, exposed: false },
    { argv: ["--metrics", "[::1]:0"], host: "::1", port: 0, exposed: false },
    { argv: ["--metrics", "h:1", "--metrics-expose"], host: "h", port: 1, exposed: true },
  ];
  for (const { argv, ...where } of metrics) {
    it(`take ${argv.join(" ")} for the place of metrics`, () => {
      const options = parseOptions(argv);

      assert.deepEqual(typeof options === "string" ? undefined : options.metrics, where);
    });
  }

  const refusals = [
    { argv: ["--metrics", "70000"], reason: /--metrics takes HOST:PORT/ },
    { argv: ["--metrics-expose"], reason: /--metrics-expose needs --metrics/ },
    {
      argv: ["--log-level", "trace"],
      reason: /--log-level is debug, info, warn, error, not trace/,
    },
    { argv: ["--nonsense"], reason: /nonsense/ },
    { argv: ["--state-dir", ""], reason: /^--state-dir is empty$/ },
    { argv: ["--service-dir", "a", "--service-dir", ""], reason: /^--service-dir is empty$/ },
    { argv: ["word"], reason: /word/ },
    { argv: ["--dataplane", "magic"], reason: /--dataplane is kernel or memory, not magic/ },
    { argv: ["--listen", "127.0.0.1:1"], reason: /--listen needs --tls-cert/ },
    { argv: ["--listen", "nowhere", "--insecure"], reason: /--listen takes HOST:PORT/ },
    { argv: ["--listen", "127.0.0.1:65536", "--insecure"], reason: /--listen takes HOST:PORT/ },
    { argv: ["--insecure"], reason: /need --listen/ },
    { argv: ["--listen", "h:1", "--tls-cert", "c"], reason: /go together/ },
    {
      argv: ["--listen", "h:1", "--tls-cert", "c", "--tls-key", "k", "--insecure"],
      reason: /contradicts/,
    },
  ];
  for (const { argv, reason } of refusals) {
    it(`refuse ${argv.join(" ")}`, () => {
      assert.throws(
        () => parseOptions(argv),
        (error) => error instanceof UsageError && reason.test(error.message),
      );
    });
  }
});
