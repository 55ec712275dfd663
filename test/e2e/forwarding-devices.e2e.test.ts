import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ended, outputOf, printed } from "../../bench/process.ts";
import { isCopy, numbered, RawSocket, Tap } from "../support/frames.ts";
import { describeKernel, uniqueName } from "../support/kernel.ts";
import { ip } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { Host, isPromiscuous, Lab } from "./forwarding-lab.ts";

const [A, B, UNKNOWN] = ["02:00:00:00:01:0a", "02:00:00:00:01:0b", "02:00:00:00:00:99"];

describeKernel("devices behind a simplebridge", { since: "6.6" }, () => {
  const lab = new Lab();
  let hosts: readonly [Host, Host];

  before(async function () {
    this.timeout(30_000);
    hosts = [new Host(1), new Host(2)];
    await lab.start();
  });

  after(async () => {
    await lab[Symbol.asyncDispose]();
    for (const host of hosts) host[Symbol.dispose]();
  });

  afterEach(() => lab.unbridge());

  it("are promiscuous while a port needs them, and as before when none does", async () => {
    const [first, second] = hosts;
    ip(`link set ${second.device} promisc on`);
    const modes = () => hosts.map(({ device }) => isPromiscuous(device));
    assert.deepEqual(modes(), [false, true]);

    await lab.bridge("TC", first.device, second.device);
    const used = modes();
    await lab.removePort("p1");
    const removed = modes();
    await lab.addPort("p1", first.device);
    const again = modes();
    await lab.unbridge();

    assert.deepEqual(
      [used, removed, again, modes()],
      [
        [true, true],
        [false, true],
        [true, true],
        [false, true],
      ],
    );
    ip(`link set ${second.device} promisc off`);
  });

  it("give a host its address by DHCP", async () => {
    const [server, client] = hosts;
    await lab.bridge("TC", server.device, client.device);
    const folder = mkdtempSync(join(tmpdir(), "yangplane-dhcp-"));
    const config = join(folder, "udhcpd.conf");
    const lines = [
      "start 198.51.100.100",
      "end 198.51.100.100",
      `interface ${server.eth}`,
      `pidfile ${folder}/pid`,
      `lease_file ${folder}/leases`,
    ];
    writeFileSync(`${folder}/leases`, "");
    writeFileSync(config, `${lines.join("\n")}\n`);
    const daemon = server.start("sh", "-c", `exec busybox udhcpd -f ${config} 2>&1`);
    try {
      await printed(daemon, "started");

      const options = `-i ${client.eth} -n -q -f -s /bin/true`;
      const ask = client.start("sh", "-c", `exec busybox udhcpc ${options} 2>&1`);

      const said = await outputOf(ask);

      assert.match(said, /lease of 198\.51\.100\.100 obtained/);
    } finally {
      await ended(daemon, "SIGTERM");
      rmSync(folder, { recursive: true });
    }
  });

  it("may be a macvlan that passes everything through", async () => {
    const [first, second] = hosts;
    const macvlan = uniqueName("m");
    ip(`link add link ${first.device} name ${macvlan} type macvlan mode passthru`);
    try {
      ip(`link set ${macvlan} up`);
      await lab.bridge("TC", macvlan, second.device);

      assert.match(await first.output(`ping -c 3 -i 0.2 -W 5 ${second.address}`), /3 received/);
    } finally {
      await lab.unbridge();
      ip(`link delete ${macvlan}`);
    }
  });

  for (const type of ["TC", "XDP_DRV", "XDP_SKB"] as const) {
    describe(`taps, in ${type}`, () => {
      let taps: readonly [Tap, Tap];
      let names: readonly [string, string];

      beforeEach(async () => {
        names = [uniqueName("t"), uniqueName("t")];
        taps = [new Tap(names[0]), new Tap(names[1])];
        for (const name of names) {
          ip(`link set ${name} addrgenmode none`);
          ip(`link set ${name} up`);
        }
        await lab.bridge(type, ...names);
        // Both stations are known then.
        const [first, second] = taps;
        const hello = packet().ethernet(A, UNKNOWN).payload(numbered()).bytes();
        first.send(hello);
        await second.upTo(isCopy(hello));
        const reply = packet().ethernet(B, A).payload(numbered()).bytes();
        second.send(reply);
        await first.upTo(isCopy(reply));
      });

      afterEach(async () => {
        await lab.unbridge();
        for (const tap of taps) tap[Symbol.dispose]();
      });

      it("get finished frames, tagged or not, by the way the port tells", async () => {
        const [first, second] = taps;
        const way = packet().ethernet(A, B);
        const stack = new RawSocket({ device: names[0] });
        try {
          for (const start of [way, way.vlan(42)]) {
            const network = start.ipv4("192.0.2.1", "192.0.2.2");
            const frame = network.udp(1, 2).payload(numbered()).bytes();
            const broadcast = packet().ethernet(A, "ff:ff:ff:ff:ff:ff").payload(numbered()).bytes();
            for (const bytes of [frame, broadcast]) first.send(bytes);

            const [received] = await second.upTo(isWhole(frame));
            await second.upTo(isCopy(broadcast));
            const seenByStack = await stack.upTo(isCopy(broadcast));

            assert.ok(received);
            const isXdp = !seenByStack.some(isCopy(frame));
            assert.equal(isXdp, type === "XDP_DRV");
          }
          const { forwardingPath } = await lab.port("p1");
          const path = type === "XDP_DRV" ? "FORWARDING_PATH_XDP" : "FORWARDING_PATH_TC";
          assert.equal(forwardingPath, path);
        } finally {
          stack[Symbol.dispose]();
        }
      });

      it("get checksums finished that the sender has left to the device", async () => {
        const [first, second] = taps;
        const network = packet().ethernet(A, B).ipv4("192.0.2.1", "192.0.2.2");
        const finished = network.udp(1, 2).payload(numbered()).bytes();

        first.send(withPseudoSum(finished), { start: 34, at: 6 });

        const frames = await second.upTo(isWhole(finished));
        assert.equal(frames.length, 1);
      });
    });
  }
});

const isWhole = (wanted: Uint8Array) => (frame: { readonly bytes: Uint8Array }) =>
  Buffer.compare(frame.bytes, wanted) === 0;

/** UDP over IPv4 without options, with the sum of the pseudo header alone for a checksum. */
function withPseudoSum(frame: Uint8Array): Uint8Array {
  const bytes = Buffer.from(frame);
  const length = bytes.readUInt16BE(38);
  let sum = 17 + length;
  for (let at = 26; at < 34; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes.writeUInt16BE(sum, 40);
  return bytes;
}
