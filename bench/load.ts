import { type Client, encodeMessage } from "./client.ts";
import { stations } from "./stations.ts";

/** As many entries as one message may have. */
const CHUNK = 10_000;

const FDB = "yangplane.simplebridge.v1.Simplebridge.Fdb";
const REQUEST = "yangplane.core.v1.ApplyRequest";

/** Makes a bridge with two ports that have no peer. */
export async function createBridge(client: Client, name: string): Promise<void> {
  const ports = [{ name: "p1" }, { name: "p2" }];
  await client.call("simplebridge", "CreateSimplebridge", { simplebridge: { name, ports } });
}

export async function deleteBridge(client: Client, name: string): Promise<void> {
  await client.call("simplebridge", "DeleteSimplebridge", { simplebridgeName: name });
}

/** Makes a bridge with so many static entries. */
export async function loadStations(client: Client, name: string, count: number): Promise<void> {
  await createBridge(client, name);
  await client.stream("ApplyStream", fdbMessages(name, count));
}

/** One edit a message, which merges the filtering database as a generated message. */
export function fdbMessages(cube: string, count: number): Buffer[] {
  return chunks(count, (from, to) => {
    const value = encodeMessage(FDB, { entry: stations(from, to) });
    const message = { type_url: `type.googleapis.com/${FDB}`, value };
    const path = `/simplebridge:simplebridge[name='${cube}']/fdb`;
    return [{ path, operation: "OPERATION_MERGE", message }];
  });
}

/** One edit an entry, with its value as JSON: what the command line sends. */
export function entryMessages(cube: string, count: number): Buffer[] {
  return chunks(count, (from, to) =>
    stations(from, to).map(({ address, port }) => ({
      path: `/simplebridge:simplebridge[name='${cube}']/fdb/entry[address='${address}']`,
      operation: "OPERATION_CREATE",
      json: JSON.stringify({ port }),
    })),
  );
}

function chunks(count: number, editsOf: (from: number, to: number) => object[]): Buffer[] {
  const messages: Buffer[] = [];
  for (let from = 0; from < count; from += CHUNK) {
    const edits = editsOf(from, Math.min(count, from + CHUNK));
    messages.push(encodeMessage(REQUEST, { edits }));
  }
  return messages;
}
