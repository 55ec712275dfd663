import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type {
  Address,
  Neighbour,
  Watched,
  WatchedEvent,
} from "../../../src/dataplane/dataplane.ts";
import { openAddresses, openNeighbours } from "../../../src/dataplane/netlink/addresses.ts";
import { describeKernel } from "../../support/kernel.ts";
import { ip, type VethPair, vethPair } from "../../support/network.ts";

interface Entry {
  readonly ifindex: number;
  readonly address: string;
}

/** The next event about the address; mocha's time limit bounds the wait. */
function eventOf<T extends Entry>(
  watched: Watched<T>,
  { ifindex, address }: Entry,
): Promise<WatchedEvent<T>> {
  return new Promise((resolve) => {
    const subscription = watched.subscribe((event) => {
      if (event.entry.ifindex !== ifindex || event.entry.address !== address) return;
      subscription[Symbol.dispose]();
      resolve(event);
    });
  });
}

/** Those of a device and a subnet: the kernel gives a device addresses of its own. */
function of<T extends Entry>(watched: Watched<T>, veth: VethPair, start: string): T[] {
  const entries = watched.list().filter(({ ifindex }) => ifindex === veth.ifindex);
  return entries.filter(({ address }) => address.startsWith(start));
}

describeKernel("addresses from netlink", { since: "5.17" }, () => {
  let addresses: Watched<Address>;
  let veth: VethPair;

  beforeEach(() => {
    veth = vethPair({ ipv6: true });
    addresses = openAddresses();
  });

  afterEach(() => {
    addresses[Symbol.dispose]();
    veth[Symbol.dispose]();
  });

  for (const [address, prefixLength] of [
    ["198.51.100.7", 24],
    ["2001:db8::7", 64],
  ] as const) {
    it(`are listed and reported, ${address}`, async () => {
      const entry = { ifindex: veth.ifindex, address, prefixLength };
      const added = eventOf(addresses, entry);
      ip(`address add ${address}/${prefixLength} dev ${veth.name} nodad`);

      assert.deepEqual(of(addresses, veth, address), [entry]);
      assert.deepEqual(await added, { kind: "added", entry });
      using opened = openAddresses();
      assert.deepEqual(of(opened, veth, address), [entry]);

      const removed = eventOf(addresses, entry);
      ip(`address delete ${address}/${prefixLength} dev ${veth.name}`);
      assert.deepEqual(await removed, { kind: "removed", entry });
      assert.deepEqual(of(addresses, veth, address), []);
    });
  }

  it("of a tunnel are its own, not those of the far end", () => {
    ip(`address add 198.51.100.1 peer 198.51.100.2/32 dev ${veth.name}`);

    assert.deepEqual(of(addresses, veth, "198."), [
      { ifindex: veth.ifindex, address: "198.51.100.1", prefixLength: 32 },
    ]);
  });

  it("are right again after more events than the kernel keeps", () => {
    const flaps = Array.from({ length: 3000 }, () => {
      const address = `198.18.0.1/32 dev ${veth.name}`;
      return `address add ${address}\naddress delete ${address}\n`;
    });
    const input = `${flaps.join("")}address add 198.51.100.9/32 dev ${veth.name}\n`;
    execFileSync("ip", ["-batch", "-"], { input });

    const listed = addresses.list().filter(({ ifindex }) => ifindex === veth.ifindex);
    using opened = openAddresses();
    const known = opened.list().filter(({ ifindex }) => ifindex === veth.ifindex);
    const byAddress = (a: Address, b: Address) => (a.address < b.address ? -1 : 1);
    assert.deepEqual([...listed].sort(byAddress), [...known].sort(byAddress));
    assert.ok(listed.some(({ address }) => address === "198.51.100.9"));
  });
});

describeKernel("neighbours from netlink", { since: "5.17" }, () => {
  let neighbours: Watched<Neighbour>;
  let veth: VethPair;

  beforeEach(() => {
    veth = vethPair({ ipv6: true });
    neighbours = openNeighbours();
  });

  afterEach(() => {
    neighbours[Symbol.dispose]();
    veth[Symbol.dispose]();
  });

  for (const address of ["198.51.100.8", "2001:db8::8"]) {
    it(`are listed and reported, ${address}`, async () => {
      const entry = { ifindex: veth.ifindex, address, mac: "02:00:00:00:00:08" };
      const added = eventOf(neighbours, entry);
      ip(`neighbour add ${address} lladdr ${entry.mac} dev ${veth.name}`);
      assert.deepEqual(of(neighbours, veth, address), [entry]);
      assert.deepEqual(await added, { kind: "added", entry });

      const changed = eventOf(neighbours, entry);
      ip(`neighbour replace ${address} lladdr 02:00:00:00:00:09 dev ${veth.name}`);
      const moved = { ...entry, mac: "02:00:00:00:00:09" };
      assert.deepEqual(await changed, { kind: "changed", entry: moved });
      using opened = openNeighbours();
      assert.deepEqual(of(opened, veth, address), [moved]);

      const failed = eventOf(neighbours, entry);
      ip(`neighbour delete ${address} dev ${veth.name}`);
      const { entry: last } = await failed;
      assert.equal(last.mac, undefined);
    });
  }
});
