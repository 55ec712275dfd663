import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

type Files = Readonly<Record<string, string>>;

/** A project of only these files under this project's own rules. */
class Plot implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "yangplane-plot-"));

  constructor(files: Files) {
    for (const config of [".dependency-cruiser.cjs", "knip.json", "tsconfig.json"]) {
      cpSync(config, join(this.#folder, config));
    }
    for (const [file, text] of Object.entries({ "package.json": "{}", ...files })) {
      mkdirSync(join(this.#folder, dirname(file)), { recursive: true });
      writeFileSync(join(this.#folder, file), text);
    }
  }

  run(
    tool: string,
    ...args: string[]
  ): { readonly exitCode: number | null; readonly output: string } {
    const program = resolve("node_modules/.bin", tool);
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: this.#folder,
      encoding: "utf8",
    });
    return { exitCode: status, output: stdout + stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function cruise(files: Files) {
  using plot = new Plot(files);
  return plot.run("depcruise", "--config", ".dependency-cruiser.cjs", "src");
}

const bridge = { "src/services/bridge/service.ts": "export const bridge = 1;\n" };

describe("dependency-cruiser's rules", function () {
  this.timeout(60_000);

  it("accept imports that go one way", () => {
    const { exitCode, output } = cruise({
      "src/lib/mac.ts": "export const mac = 1;\n",
      "src/datamodel/error.ts": 'export { mac } from "../lib/mac.ts";\n',
      "src/main.ts": 'export { mac } from "./datamodel/error.ts";\n',
    });

    assert.equal(exitCode, 0, output);
  });

  const offences = [
    {
      rule: "services-are-islands",
      file: "src/services/router/service.ts",
      text: 'import { bridge } from "../bridge/service.ts";\nexport const router = bridge;\n',
    },
    {
      rule: "the-engine-knows-no-service",
      file: "src/services/engine/engine.ts",
      text: 'export { bridge } from "../bridge/service.ts";\n',
    },
    {
      rule: "server-boundary",
      file: "src/server/grpc/server.ts",
      text: 'export { bridge } from "../../services/bridge/service.ts";\n',
    },
    {
      rule: "dataplane-boundary",
      file: "src/dataplane/map.ts",
      text: 'export { bridge } from "../services/bridge/service.ts";\n',
    },
    {
      rule: "pure-folders-do-no-io",
      file: "src/datamodel/tree.ts",
      text: 'export { readFileSync } from "node:fs";\n',
    },
    {
      rule: "a-service-does-no-io",
      file: "src/services/router/service.ts",
      text: 'export { connect } from "node:net";\n',
    },
  ];

  for (const { rule, file, text } of offences) {
    it(`catch an offence against ${rule}`, () => {
      const { exitCode, output } = cruise({ ...bridge, [file]: text });

      assert.notEqual(exitCode, 0);
      assert.match(output, new RegExp(rule));
    });
  }

  it("keep protocols apart", () => {
    const { output } = cruise({
      "src/server/rest/rest.ts": "export const rest = 1;\n",
      "src/server/grpc/server.ts": 'export { rest } from "../rest/rest.ts";\n',
    });

    assert.match(output, /protocols-are-islands/);
  });
});

describe("knip", function () {
  this.timeout(60_000);

  it("finds an export that nobody uses, and only that", () => {
    using plot = new Plot({
      "src/main.ts": 'import { used } from "./lib/mac.ts";\nprocess.exitCode = used;\n',
      "src/lib/mac.ts": "export const used = 0;\nexport const planted = 1;\n",
    });

    const { exitCode, output } = plot.run("knip", "--include", "exports", "--no-config-hints");

    assert.notEqual(exitCode, 0);
    assert.match(output, /planted/);
    assert.doesNotMatch(output, /\bused\b/);
  });
});
