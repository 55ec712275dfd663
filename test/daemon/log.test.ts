import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { streamLog } from "../../src/daemon/log.ts";

describe("the log", () => {
  it("is a line of JSON with time, level, message and fields, errors with their causes", () => {
    const stream = new PassThrough({ encoding: "utf8" });
    const cause = new Error("no space left on device");

    streamLog(stream)("error", "commit", { error: new Error("writing", { cause }), slot: 3n });

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

  it("has the messages that docs/reference/log.md lists, and no others", () => {
    const sources = readdirSync("src", { recursive: true, encoding: "utf8" });
    const written = sources.flatMap((file) => {
      const text = file.endsWith(".ts") ? readFileSync(`src/${file}`, "utf8") : "";
      return [...text.matchAll(/\blog\((?:"\w+"|levelOf\(\w+\)), "([^"]+)"/g)];
    });
    const listed = readFileSync("docs/reference/log.md", "utf8").matchAll(
      /^\| `([a-z ]+)` \| `(?:info|warn|error)`[ ,]/gm,
    );

    assert.deepEqual(
      [...new Set(written.map(([, message]) => message))].sort(),
      [...listed].map(([, message]) => message).sort(),
    );
  });
});
