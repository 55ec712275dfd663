import assert from "node:assert/strict";
import { RequestError } from "../../../src/datamodel/error.ts";
import { MemoryDevices } from "../../../src/dataplane/memory-devices.ts";
import type { HostContext, OperationResult } from "../../../src/services/service.ts";
import { service } from "../../../src/services/topology/service.ts";

type Chains = Readonly<Record<string, readonly string[]>>;

/**
 * `br0` has the ports p1 (peer veth1) and p2, `br1` p3 (peer `br2:p5`) and p4; cubes of the other
 * services have the service's name and a number.
 */
function host(chains: Chains = {}): HostContext {
  const devices = new MemoryDevices();
  for (const name of ["veth1", "veth2"]) devices.add(name);
  const port = (end: string, peer?: string) => ({ peer, tcubes: chains[end] ?? [] });
  const bridges = {
    br0: new Map([
      ["p1", port("br0:p1", "veth1")],
      ["p2", port("br0:p2", "")],
    ]),
    br1: new Map([
      ["p3", port("br1:p3", "br2:p5")],
      ["p4", port("br1:p4")],
    ]),
    br2: new Map([["p5", port("br2:p5", "br1:p3")]]),
  };
  const cubes = [
    ...Object.entries(bridges).map(([name, ports]) => ({ service: "bridge", name, ports })),
    ...["nat1", "ddosmitigator1", "firewall1", "nat2"].map((name) => ({
      service: name.slice(0, -1),
      name,
    })),
  ];
  const configured = Object.entries(chains).filter(([end]) => !end.includes(":"));
  const netdev = new Map(configured.map(([name, tcubes]) => [name, { tcubes }]));
  return {
    config: { netdev } as object as HostContext["config"],
    devices,
    portOf: () => undefined,
    dropsOf: () => [],
    cubes: () =>
      cubes.map(({ service: kind, ...config }) => ({
        service: kind,
        ref: [`${kind}:${kind}`, [config.name]],
        config: config as object as HostContext["config"],
      })),
  };
}

type Input = Readonly<Record<string, string>>;

function call(name: string, input: Input, chains: Chains = {}): OperationResult {
  const rpc = service.rpcs?.[name];
  assert(rpc, `there is ${name}`);
  return rpc(input, host(chains));
}

interface Case {
  readonly title: string;
  readonly rpc: string;
  readonly input: Input;
  readonly chains?: Chains;
}

const port = (cube: string, name: string) => ["bridge:bridge", [cube], "ports", [name]];
const device = (name: string) => ["netdev:netdev", [name]];

describe("the topology", () => {
  const changes: readonly (Case & { readonly edits: readonly unknown[] })[] = [
    {
      title: "connects a port to a device",
      rpc: "connect",
      input: { peer1: "br0:p2", peer2: "veth2" },
      edits: [{ at: [...port("br0", "p2"), "peer"], operation: "merge", value: "veth2" }],
    },
    {
      title: "connects two ports on both sides",
      rpc: "connect",
      input: { peer1: "br0:p2", peer2: "br1:p4" },
      edits: [
        { at: [...port("br0", "p2"), "peer"], operation: "merge", value: "br1:p4" },
        { at: [...port("br1", "p4"), "peer"], operation: "merge", value: "br0:p2" },
      ],
    },
    {
      title: "disconnects two ports on both sides",
      rpc: "disconnect",
      input: { peer1: "br2:p5", peer2: "br1:p3" },
      edits: [
        { at: [...port("br2", "p5"), "peer"], operation: "delete" },
        { at: [...port("br1", "p3"), "peer"], operation: "delete" },
      ],
    },
    {
      title: "disconnects a device from its port, whichever is named first",
      rpc: "disconnect",
      input: { peer1: "veth1", peer2: "br0:p1" },
      edits: [{ at: [...port("br0", "p1"), "peer"], operation: "delete" }],
    },
    {
      title: "attaches a cube where nothing is attached",
      rpc: "attach",
      input: { cube: "firewall1", port: "br0:p1", position: "auto" },
      edits: [
        {
          at: [...port("br0", "p1"), "tcubes", ["firewall1"]],
          operation: "create",
          insert: "last",
        },
      ],
    },
    {
      title: "attaches a cube to a device, which is configured from then on",
      rpc: "attach",
      input: { cube: "nat1", port: "veth2", position: "first" },
      edits: [
        { at: device("veth2"), operation: "merge" },
        { at: [...device("veth2"), "tcubes", ["nat1"]], operation: "create", insert: "first" },
      ],
    },
    ...(["before", "after"] as const).map((insert) => ({
      title: `attaches a cube ${insert} another`,
      rpc: "attach",
      input: { cube: "nat1", port: "br0:p1", [insert]: "firewall1" },
      chains: { "br0:p1": ["firewall1", "nat2"] },
      edits: [
        {
          at: [...port("br0", "p1"), "tcubes", ["nat1"]],
          operation: "create",
          insert,
          point: ["firewall1"],
        },
      ],
    })),
    {
      title: "puts a nat inside of a ddosmitigator by itself",
      rpc: "attach",
      input: { cube: "nat1", port: "br0:p1", position: "auto" },
      chains: { "br0:p1": ["ddosmitigator1"] },
      edits: [
        {
          at: [...port("br0", "p1"), "tcubes", ["nat1"]],
          operation: "create",
          insert: "before",
          point: ["ddosmitigator1"],
        },
      ],
    },
    {
      title: "puts a ddosmitigator outside of a nat by itself",
      rpc: "attach",
      input: { cube: "ddosmitigator1", port: "br0:p1", position: "auto" },
      chains: { "br0:p1": ["nat1"] },
      edits: [
        {
          at: [...port("br0", "p1"), "tcubes", ["ddosmitigator1"]],
          operation: "create",
          insert: "last",
        },
      ],
    },
    {
      title: "detaches one of two cubes from a device",
      rpc: "detach",
      input: { cube: "nat1", port: "veth1" },
      chains: { veth1: ["nat1", "nat2"] },
      edits: [{ at: [...device("veth1"), "tcubes", ["nat1"]], operation: "delete" }],
    },
    {
      title: "detaches the last cube from a device that is gone, and forgets the device",
      rpc: "detach",
      input: { cube: "nat1", port: "veth9" },
      chains: { veth9: ["nat1"] },
      edits: [{ at: device("veth9"), operation: "delete" }],
    },
  ];
  for (const { title, rpc, input, chains, edits } of changes) {
    it(title, () => {
      assert.deepEqual(call(rpc, input, chains), { output: {}, edits });
    });
  }

  const refusals: readonly (Case & { readonly wrong: string })[] = [
    {
      title: "a port that has a peer",
      rpc: "connect",
      input: { peer1: "veth2", peer2: "br0:p1" },
      wrong: "/topology:connect/peer2 in-use br0:p1 is connected to veth1: disconnect it first",
    },
    {
      title: "two devices",
      rpc: "connect",
      input: { peer1: "veth1", peer2: "veth2" },
      wrong:
        "/topology:connect/peer2 invalid-value veth1 and veth2 are devices: one side is a port, as cube:port",
    },
    {
      title: "a device that does not exist",
      rpc: "connect",
      input: { peer1: "br0:p2", peer2: "veth9" },
      wrong: "/topology:connect/peer2 data-missing no network device veth9",
    },
    {
      title: "a port that does not exist",
      rpc: "connect",
      input: { peer1: "br0:p9", peer2: "veth2" },
      wrong: "/topology:connect/peer1 data-missing cube br0 has no port p9",
    },
    {
      title: "a cube that does not exist",
      rpc: "attach",
      input: { cube: "nat9", port: "br0:p1", position: "last" },
      wrong: "/topology:attach/cube data-missing no cube nat9",
    },
    {
      title: "to disconnect what is not connected",
      rpc: "disconnect",
      input: { peer1: "br0:p1", peer2: "veth2" },
      wrong: "/topology:disconnect/peer2 data-missing br0:p1 and veth2 are not connected",
    },
    {
      title: "to attach a cube twice to one port",
      rpc: "attach",
      input: { cube: "nat1", port: "br0:p1", position: "last" },
      chains: { "br0:p1": ["nat1"] },
      wrong: "/topology:attach/cube in-use nat1 is attached to br0:p1 already",
    },
    ...(["before", "after"] as const).map((where) => ({
      title: `a place ${where} a cube that is not there`,
      rpc: "attach",
      input: { cube: "nat1", port: "br0:p1", [where]: "nat2" },
      chains: { "br0:p2": ["nat2"] },
      wrong: `/topology:attach/${where} data-missing nat2 is not attached to br0:p1`,
    })),
    {
      title: "to find the place beside a cube of a kind that has no order",
      rpc: "attach",
      input: { cube: "nat1", port: "br0:p1", position: "auto" },
      chains: { "br0:p1": ["firewall1"] },
      wrong:
        "/topology:attach/position operation-failed no order of nat and firewall (firewall1) is known: say first, last, before or after",
    },
    {
      title: "to find the place beside a cube of the same kind",
      rpc: "attach",
      input: { cube: "nat1", port: "br0:p1", position: "auto" },
      chains: { "br0:p1": ["nat2"] },
      wrong:
        "/topology:attach/position operation-failed no order of nat and nat (nat2) is known: say first, last, before or after",
    },
    {
      title: "to detach what is not attached",
      rpc: "detach",
      input: { cube: "nat1", port: "veth1" },
      wrong: "/topology:detach/cube data-missing nat1 is not attached to veth1",
    },
  ];
  for (const { title, rpc, input, chains, wrong } of refusals) {
    it(`refuses ${title}`, () => {
      assert.throws(
        () => call(rpc, input, chains),
        (error) => {
          assert(error instanceof RequestError);
          const [violation] = error.violations;
          assert.equal(`${violation?.path} ${violation?.tag} ${violation?.message}`, wrong);
          return true;
        },
      );
    });
  }
});
