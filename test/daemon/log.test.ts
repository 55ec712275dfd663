import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { streamLog } from "../../src/daemon/log.ts";
import { logLevels } from "../../src/lib/log.ts";

describe("the log", () => {
  it("is a line of JSON with time, level, message and fields, errors with their causes", () => {
    const stream = new PassThrough({ encoding: "utf8" });
    const cause = new Error("no space left on device");

    streamLog(stream, "info")("error", "commit", {
      error: new Error("writing", { cause }),
      slot: 3n,
    });

    const text: string = stream.read();
    assert.match(text, /^\{.*\}\n$/);
    const { time, ...line } = JSON.parse(text);
    assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual(line, {
      level: "error",
      message: "commit",
      error: "writing: no space left on device",
      slot: "3",
    });
  });

  const cases = [
    { least: "debug", messages: ["debug", "info", "warn", "error"] },
    { least: "info", messages: ["info", "warn", "error"] },
    { least: "warn", messages: ["warn", "error"] },
    { least: "error", messages: ["error"] },
  ] as const;

  for (const { least, messages } of cases) {
    it(`has lines from ${least} on if that is asked for`, () => {
      const stream = new PassThrough({ encoding: "utf8" });
      const log = streamLog(stream, least);

      for (const level of logLevels) log(level, level);

      const lines = String(stream.read()).trimEnd().split("\n");
      assert.deepEqual(
        lines.map((line) => JSON.parse(line).message),
        messages,
      );
    });
  }

  it("has the messages that docs/reference/log.md lists, and no others", () => {
    const sources = readdirSync("src", { recursive: true, encoding: "utf8" });
    const written = sources.flatMap((file) => {
      const text = file.endsWith(".ts") ? readFileSync(`src/${file}`, "utf8") : "";
      return [...text.matchAll(/\blog\((?:"\w+"|\w+|levelOf\(\w+\)|\w+\[\w+\]), "([^"]+)"/g)];
    });
    const listed = readFileSync("docs/reference/log.md", "utf8").matchAll(
      /^\| `([a-z ]+)` \| `(?:debug|info|warn|error)`[ ,]/gm,
    );

    assert.deepEqual(
      [...new Set(written.map(([, message]) => message))].sort(),
      [...listed].map(([, message]) => message).sort(),
    );
  });
});
