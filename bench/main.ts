/** `npm run bench [-- <table>…]`: measures, prints tables, and says which targets are met. */
import { availableParallelism, loadavg, release } from "node:os";
import { bulkTable } from "./bulk-table.ts";
import { chainTable } from "./chain-table.ts";
import { commitTable } from "./commit-table.ts";
import { formatFigures, isMet } from "./figure.ts";
import { packetTable } from "./packet-table.ts";
import { runInSandbox, sandboxFolder } from "./sandbox.ts";
import { scaleTable } from "./scale-table.ts";
import { startTable } from "./start-table.ts";
import type { Table } from "./table.ts";

const tables: Readonly<Record<string, Table>> = {
  packets: packetTable,
  chains: chainTable,
  commits: commitTable,
  bulk: bulkTable,
  start: startTable,
  scale: scaleTable,
};

const exitCode = { missed: 1, usage: 2 } as const;

function header(): string {
  const load = loadavg().map((value) => value.toFixed(2));
  const machine = `${availableParallelism()} CPUs, Linux ${release()}, Node ${process.version}`;
  return `${new Date().toISOString()}  ${machine}, load average ${load.join(" ")}`;
}

async function measure(names: readonly string[], folder: string): Promise<number> {
  const figures = [];
  for (const name of names) {
    const table = tables[name];
    if (table === undefined) continue;
    console.log(`\n${table.title}\n${header()}\n`);
    const started = performance.now();
    const measured = await table.run(folder);
    console.log(formatFigures(measured));
    console.log(`took ${((performance.now() - started) / 1000).toFixed(0)} s`);
    figures.push(...measured);
  }
  const aimed = figures.filter(({ target }) => target !== undefined);
  const missed = aimed.filter((figure) => !isMet(figure));
  console.log(`\n${aimed.length - missed.length} targets met, ${missed.length} missed`);
  return missed.length === 0 ? 0 : exitCode.missed;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in tables));
const folder = sandboxFolder();
if (unknown.length > 0) {
  console.error(
    `bench: no table ${unknown.join(", ")}; there are ${Object.keys(tables).join(", ")}`,
  );
  process.exitCode = exitCode.usage;
} else if (folder === undefined) {
  process.exitCode = await runInSandbox(asked);
} else {
  process.once("disconnect", () => process.exit(exitCode.missed));
  process.exit(await measure(asked.length > 0 ? asked : Object.keys(tables), folder));
}
