import assert from "node:assert/strict";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { type InstancePath, printPath } from "../../../src/datamodel/tree/path.ts";
import type { CubeRuntime } from "../../../src/services/engine/cube.ts";
import { type ReactionParts, Reactions } from "../../../src/services/engine/reactions.ts";
import { Turns } from "../../../src/services/engine/turns.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { treeOf } from "../../support/tree.ts";

const pp0 = "/patch:patch[name='pp0']";

/** Reactions of one panel, whose rows and journal do as the test says. */
class Panel {
  readonly told: string[][] = [];
  readonly errors: unknown[] = [];
  written = 0;
  refusal: Error | undefined;
  durable: () => Promise<void> = async () => undefined;
  readonly turns = new Turns();
  readonly reactions: Reactions;
  readonly #cube: CubeRuntime;

  constructor() {
    const schema = linkSchema([patchPanel.model.ir]);
    const list = schema.root.childByName.get("patch:patch");
    assert(list?.kind === "list");
    const root = treeOf(schema, { "patch:patch": [{ name: "pp0" }] });
    const service = { ...patchPanel, object: { ...patchPanel.object, maps: {} } };
    this.#cube = { name: "pp0", list, service, objectId: "o" } as object as CubeRuntime;
    const parts = {
      turns: this.turns,
      durable: () => this.durable(),
      planner: this.#planner(),
      root: () => root,
      changed: (paths: readonly InstancePath[]) => {
        this.told.push(paths.map((path) => printPath(path)));
      },
      succeeded: () => undefined,
      onError: (error: unknown) => void this.errors.push(error),
    };
    this.reactions = new Reactions(parts as object as ReactionParts);
  }

  #planner(): object {
    return {
      services: new Map([[this.#cube.list, this.#cube.service]]),
      loaded: { of: () => this.#cube, latest: () => ({ own: {} }), learn: () => undefined },
      // biome-ignore lint/correctness/useYield: slices may be one
      planLearned: function* (this: Panel) {
        if (this.refusal) throw this.refusal;
        this.written += 1;
        return { steps: [], unload: [] };
      }.bind(this),
    };
  }

  /** Something was learned of a cable. */
  learn(from: string): void {
    this.reactions.run(this.#cube, () => ({ facts: {}, changed: [["cable", [from]]] }));
  }

  /** All turns so far are over. */
  async settled(): Promise<void> {
    await this.turns.take(async () => undefined);
  }
}

describe("rows that follow what services learn", () => {
  it("are tried again where undoing a commit failed before them", async () => {
    const panel = new Panel();
    const fault = new Error("cannot be undone");
    panel.durable = () => Promise.reject(fault);
    panel.learn("a");
    await panel.settled();

    panel.durable = async () => undefined;
    panel.reactions.retry();
    await panel.settled();

    assert.deepEqual(panel.errors, [fault]);
    assert.deepEqual([panel.written, panel.told], [1, [[`${pp0}/cable[from='a']`]]]);
  });

  it("are told of once, however often they changed until they were there", async () => {
    const panel = new Panel();
    panel.refusal = new Error("no memory");
    for (const from of ["a", "b", "a"]) panel.learn(from);
    await panel.settled();
    panel.learn("b");
    await panel.settled();

    panel.refusal = undefined;
    panel.reactions.retry();
    await panel.settled();

    const told = ["a", "b"].map((from) => `${pp0}/cable[from='${from}']`);
    assert.deepEqual([panel.errors.length, panel.told], [2, [told]]);
  });

  it("are told of before, where more wait than it keeps", async () => {
    const panel = new Panel();
    panel.durable = () => new Promise(() => undefined);
    for (let cable = 0; cable < 2_500; cable += 1) panel.learn(String(cable));

    assert.deepEqual(
      panel.told.map(({ length }) => length),
      [1_000, 1_000],
    );
  });
});
