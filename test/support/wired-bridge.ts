import assert from "node:assert/strict";
import { hop } from "../../src/gen/bpf/core.ts";
import { u32 } from "../../src/lib/codec.ts";
import { anyServices, type EngineFixture, engineFixture } from "./engine.ts";

export const br0 = "/simplebridge:simplebridge[name='br0']";
export const port = (name: string) => `${br0}/ports[name='${name}']`;

/** A bridge whose ports p1 and p2 have the devices dev1 and dev2. */
export async function wired(services = anyServices): Promise<EngineFixture> {
  const fixture = await engineFixture({ services, devices: ["dev1", "dev2"] });
  const ports = [
    { name: "p1", peer: "dev1" },
    { name: "p2", peer: "dev2" },
  ];
  await fixture.commit(fixture.edit("create", br0, { ports }));
  return fixture;
}

/** What is done for a device event is done once the commits before it are through. */
export async function settled({ engine, edit }: EngineFixture): Promise<void> {
  await engine.commit([edit("merge", br0, {})], { user: "local", dryRun: true });
}

/** By port: its status, and the index of the device its hop leads to. */
export function ports({ read, memory, objectId }: EngineFixture): Record<string, unknown> {
  const all = (read(`${br0}/ports`) ?? []) as { name: string; status: string; index: number }[];
  return Object.fromEntries(
    all.map(({ name, status, index }) => {
      const row = memory.lookup(objectId(br0), "hops", u32.encode(index));
      const { kind, arg } = hop.decode(row ?? new Uint8Array(hop.size));
      return [name, kind === "device" ? [status, arg] : status];
    }),
  );
}

/** By device: the position of the port that its entry program hands frames to. */
export function entries({ memory }: Pick<EngineFixture, "memory">): Record<number, number> {
  return Object.fromEntries(
    memory.attachments().map(({ ifindex, objectId }) => {
      const row = memory.lookup(objectId, "hop", u32.encode(0));
      return [ifindex, hop.decode(row ?? new Uint8Array(hop.size)).arg];
    }),
  );
}

export function indexOf({ devices }: EngineFixture, name: string): number {
  const device = devices.byName(name);
  assert(device, `there is ${name}`);
  return device.ifindex;
}
