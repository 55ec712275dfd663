import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";

const folder = ".github/workflows";

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

interface Workflow {
  readonly on: { readonly push?: { readonly branches: readonly string[] } };
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { readonly "timeout-minutes"?: number; readonly steps: readonly Step[] }>
  >;
}

const names = readdirSync(folder);
const workflows = names.map((name): Workflow => parse(readFileSync(`${folder}/${name}`, "utf8")));

function programLines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
}

describe("the workflow of a forge", () => {
  const [workflow] = workflows;
  assert(workflow);
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  it("is one, and runs for main", () => {
    assert.deepEqual(names, ["ci.yml"]);
    assert.deepEqual(workflow.on.push?.branches, ["main"]);
  });

  it("may read, ends in time, and runs nobody else's code", () => {
    assert.deepEqual(workflow.permissions, { contents: "read" });
    for (const job of jobs) assert(job["timeout-minutes"]);
    assert.deepEqual(
      steps.filter(({ uses }) => uses),
      [],
    );
  });

  it("does nothing but get the sources and run what everybody runs", () => {
    const commands = steps.flatMap(({ run = "" }) => programLines(run));

    const [last, ...others] = commands.toReversed();
    assert.equal(last, 'sudo env "PATH=$PATH" .ci/run');
    for (const command of others) assert.match(command, /^git /);
    const made = programLines(readFileSync(".ci/run", "utf8"))
      .join("\n")
      .match(/\bmake .*?(?= 2>|$)/g);
    assert.deepEqual(made, ["make test"]);
  });
});
