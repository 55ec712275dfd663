/**
 * An engine with a heap of its own, so that what is in it tells in the figures of its size alone.
 * Told `{ commits }`, it answers with the microseconds each of so many commits took.
 */
import { join } from "node:path";
import { builtObjects, commit, edit, openEngine } from "./engine.ts";
import { CUBE_PATH, portChange, stations } from "./stations.ts";

const [folder = "", name = "", entriesText = ""] = process.argv.slice(2);
const entries = Number(entriesText);
const engine = await openEngine({
  state: join(folder, name),
  objects: builtObjects,
  pins: join("/sys/fs/bpf", name),
});
const cube = { ports: [{ name: "p1" }, { name: "p2" }], fdb: { entry: stations(0, entries) } };
await commit(engine, [edit(engine.schema, "create", CUBE_PATH, cube)]);

let turn = 0;

async function timeCommit(): Promise<number> {
  const { path, port } = portChange(turn++, entries);
  const edits = [edit(engine.schema, "merge", path, port)];
  const started = process.hrtime.bigint();
  await commit(engine, edits, { wait: "applied" });
  const nanoseconds = Number(process.hrtime.bigint() - started);
  // The journal writes between commits, as it does between requests.
  await new Promise((resolve) => setImmediate(resolve));
  return nanoseconds / 1000;
}

process.on("message", ({ commits }: { commits: number }) => {
  void (async () => {
    const microseconds: number[] = [];
    for (let done = 0; done < commits; done++) microseconds.push(await timeCommit());
    process.send?.(microseconds);
  })();
});
process.send?.("ready");
