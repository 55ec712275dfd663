import assert from "node:assert/strict";
import type { ApiClient } from "../support/api-client.ts";
import { DaemonHome } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";
import { ip, type Namespace, namespace, type VethPair, vethPair } from "../support/network.ts";
import { builtCounter, counterClient, counters, serviceService } from "../support/own-service.ts";
import type { ServiceFolder } from "../support/service-folder.ts";

const there = "192.0.2.1";

/** A host whose datagrams are all that arrives: who gets them is known, IPv6 is off. */
function cabled(host: Namespace): VethPair {
  const pair = vethPair({ peerIn: host });
  host.run("ip", "address", "add", "192.0.2.2/24", "dev", pair.peer);
  const mac = "02:00:00:00:00:01";
  host.run("ip", "neigh", "add", there, "lladdr", mac, "dev", pair.peer, "nud", "permanent");
  return pair;
}

describeKernel("a service of one's own, with packets", { since: "6.6" }, () => {
  let folder: ServiceFolder;
  let home: DaemonHome;
  let host: Namespace;
  let cable: VethPair;

  beforeEach(() => {
    folder = builtCounter();
    home = new DaemonHome("kernel");
    host = namespace();
    cable = cabled(host);
  });
  afterEach(() => {
    cable[Symbol.dispose]();
    host[Symbol.dispose]();
    home[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  const started = async () => {
    const daemon = await home.start();
    return { daemon, client: counterClient(daemon, home) };
  };

  const send = (count: number) =>
    host.run("bash", "-c", `for i in $(seq ${count}); do echo > /dev/udp/${there}/9; done`);

  const counted = async (client: ApiClient): Promise<number> => {
    const { packetcounter } = await client.call(`${counters}/GetPacketcounter`, {
      packetcounterName: "pc1",
    });
    return Number((packetcounter as { received: { packets: string } }).received.packets);
  };

  const load = (client: ApiClient) =>
    client.call(`${serviceService}/LoadService`, { directory: folder.path });

  const create = (client: ApiClient, name: string, type: string, peer?: string) =>
    client.call(`${counters}/CreatePacketcounter`, {
      packetcounter: { name, type, ports: [{ name: "in", ...(peer && { peer }) }] },
    });

  for (const type of ["TYPE_TC", "TYPE_XDP_DRV"]) {
    it(`counts each packet once, also while the daemon is dead: ${type}`, async () => {
      const first = await started();
      await load(first.client);
      await create(first.client, "pc1", type, cable.name);
      send(5);
      assert.equal(await counted(first.client), 5);

      await first.daemon.kill();
      send(4);

      const second = await started();
      await using _stopped = second.daemon;
      assert.equal(await counted(second.client), 9);
      send(1);
      assert.equal(await counted(second.client), 10);
      await second.client.call(`${counters}/ReceivedReset`, { packetcounterName: "pc1" });
      assert.equal(await counted(second.client), 0);
      await second.client.call(`${counters}/DeletePacketcounter`, { packetcounterName: "pc1" });
      assert.doesNotMatch(ip(`link show ${cable.name}`), /prog|xdp/);
    }).timeout(60_000);
  }

  it("stays as it was loaded until the next start, whatever is built in its folder", async () => {
    const first = await started();
    await load(first.client);
    await create(first.client, "pc1", "TYPE_TC", cable.name);
    send(2);
    folder.change("packetcounter.bpf.c", "&so_far->packets, 1)", "&so_far->packets, 100)");
    folder.build();

    // Loaded from what is built now, this would count by hundreds.
    await first.client.call(`${counters}/DeletePacketcounter`, { packetcounterName: "pc1" });
    await create(first.client, "pc1", "TYPE_TC", cable.name);
    send(2);
    assert.equal(await counted(first.client), 2);
    await first.daemon.stop();

    const second = await started();
    await using _stopped = second.daemon;
    assert.equal(await counted(second.client), 2);
    send(3);
    assert.equal(await counted(second.client), 302);
    await second.client.call(`${counters}/DeletePacketcounter`, { packetcounterName: "pc1" });
  }).timeout(60_000);
});
