import assert from "node:assert/strict";
import type { Server, UntypedHandleCall } from "@grpc/grpc-js";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { Api } from "../../../src/server/grpc/api.ts";
import { addServices } from "../../../src/server/grpc/services.ts";
import { MemoryDatastore } from "../../support/datastore.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { HeldCall } from "./held-call.ts";

/** What a server would call, by the method's name. */
class Handlers {
  readonly #byName = new Map<string, UntypedHandleCall>();

  get server(): Server {
    return this as object as Server;
  }

  addService(_definition: object, handlers: Record<string, UntypedHandleCall>): void {
    for (const [name, handler] of Object.entries(handlers)) this.#byName.set(name, handler);
  }

  call(name: string, call: HeldCall): void {
    const handler = this.#byName.get(name) as ((stream: object) => void) | undefined;
    assert(handler, name);
    handler(call.stream);
  }
}

/** An API whose traces last until they are told to end; what it holds for calls. */
function served() {
  const datastore = new MemoryDatastore(linkSchema([patchPanel.model.ir]));
  let traces = 0;
  const api = new Api({
    datastore,
    locks: new Map(),
    log: () => undefined,
    limits: { transactionBytes: 0, openTransactionBytes: 0 },
    tracer: {
      trace: async (_request, _listener, signal) => {
        traces += 1;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        traces -= 1;
        return { frames: 0, lost: 0 };
      },
    },
  });
  const handlers = new Handlers();
  addServices(handlers.server, api);
  return { handlers, held: () => [datastore.watcherCount, traces, api.endStreams.size] };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

describe("a call that lasts", () => {
  const calls: readonly [title: string, method: string, request: string, held: number[]][] = [
    ["a Watch", "WatchPatch", "", [1, 0, 1]],
    ["a Watch of a notification", "WatchBlackout", "", [1, 0, 1]],
    ["a trace", "Trace", "0a0161", [0, 1, 1]],
    ["a Watch of health", "Watch", "", [0, 0, 1]],
    ["reflection", "ServerReflectionInfo", "", [0, 0, 1]],
  ];

  for (const [title, method, request, held] of calls) {
    const open = () => new HeldCall(Buffer.from(request, "hex"));

    it(`leaves nothing when its client left before it began: ${title}`, async () => {
      const server = served();
      const call = open();
      call.cancelled = true;

      server.handlers.call(method, call);
      await settled();

      assert.deepEqual(server.held(), [0, 0, 0]);
    });

    it(`leaves nothing when its client leaves: ${title}`, async () => {
      const server = served();
      const call = open();

      server.handlers.call(method, call);
      await settled();
      const before = server.held();
      call.cancel();
      await settled();

      assert.deepEqual([before, server.held()], [held, [0, 0, 0]]);
    });
  }
});
