import assert from "node:assert/strict";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import type { Violation } from "../../../src/datamodel/error.ts";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { service as transparenthelloworld } from "../../../src/services/transparenthelloworld/service.ts";
import { anyServices, type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { jsonOf } from "../../support/tree.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const pp0 = "/patch:patch[name='pp0']";
const xbr = "/simplebridge:simplebridge[name='xbr']";
const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";
const services = [
  ...anyServices,
  transparenthelloworld as object as Discovered,
  netdev as object as Discovered,
  patchPanel,
];

type Written = readonly [operation: Edit["operation"], path: string, json?: unknown];

interface Case {
  readonly title: string;
  readonly edits: readonly Written[];
  /** Path and what tells the fault from others, for each violation. */
  readonly wrong: readonly (readonly [path: string, fault: string])[];
}

/** A bridge with a wired and a free port, and a patch panel with a cable. */
async function started(): Promise<EngineFixture> {
  const fixture = await engineFixture({ services, devices: ["dev1", "dev2"] });
  const { edit, commit, devices } = fixture;
  devices.add("lo", { loopback: true });
  devices.add("tun0", { mac: "" });
  devices.add("phys0", { kind: "" });
  await commit(
    edit("create", br0, { ports: [{ name: "p1", peer: "dev1" }, { name: "p2" }] }),
    edit("create", pp0, { ports: [{ name: "a" }, { name: "b" }], cable: [{ from: "a", to: "b" }] }),
  );
  return fixture;
}

const p2 = `${br0}/ports[name='p2']`;

const cases: readonly Case[] = [
  {
    title: "a name that a cube of another service has",
    edits: [["create", "/patch:patch[name='br0']", {}]],
    wrong: [["/patch:patch[name='br0']", "data-exists"]],
  },
  {
    title: "one name for two cubes of different services",
    edits: [
      ["create", "/patch:patch[name='new']", {}],
      ["create", "/simplebridge:simplebridge[name='new']", {}],
    ],
    wrong: [
      ["/simplebridge:simplebridge[name='new']", "data-exists"],
      ["/patch:patch[name='new']", "data-exists"],
    ],
  },
  {
    title: "a name that another service's cube gives up in the same commit",
    edits: [
      ["delete", br0],
      ["create", "/patch:patch[name='br0']", { ports: [{ name: "p", peer: "dev1" }] }],
    ],
    wrong: [],
  },
  {
    title: "two edits of what is not there, told once",
    edits: [
      ["merge", "/simplebridge:simplebridge[name='none']/loglevel", "DEBUG"],
      ["merge", "/simplebridge:simplebridge[name='none']/type", "TC"],
    ],
    wrong: [["/simplebridge:simplebridge[name='none']", "missing-parent"]],
  },
  {
    title: "another hook type",
    edits: [["merge", `${br0}/type`, "XDP_DRV"]],
    wrong: [[`${br0}/type`, "init-only"]],
  },
  {
    title: "the hook type that holds by default already",
    edits: [["merge", `${br0}/type`, "TC"]],
    wrong: [],
  },
  {
    title: "a replacement that leaves an init-only leaf out at its default",
    edits: [["replace", br0, { ports: [{ name: "p1" }] }]],
    wrong: [],
  },
  {
    title: "init-only leaves of two services, both told",
    edits: [
      ["merge", `${br0}/fdb/size`, 64],
      ["merge", `${pp0}/rooms`, 65],
    ],
    wrong: [
      [`${br0}/fdb/size`, "init-only"],
      [`${pp0}/rooms`, "init-only"],
    ],
  },
  {
    title: "what the service itself says is wrong",
    edits: [["merge", `${pp0}/cable[from='a']/to`, "a"]],
    wrong: [[`${pp0}/cable[from='a']`, "service"]],
  },
  {
    title: "what the model says is wrong, before a service is asked",
    edits: [["merge", `${pp0}/cable[from='x']`, { to: "x" }]],
    wrong: [
      [`${pp0}/cable[from='x']/from`, "instance-required"],
      [`${pp0}/cable[from='x']/to`, "instance-required"],
    ],
  },
  {
    title: "a peer that does not exist",
    edits: [["merge", `${p2}/peer`, "dev9"]],
    wrong: [[`${p2}/peer`, "instance-required"]],
  },
  {
    title: "a peer that another port has",
    edits: [["merge", `${p2}/peer`, "dev1"]],
    wrong: [[`${p2}/peer`, "in-use"]],
  },
  {
    title: "a peer that a port of another service has",
    edits: [["merge", `${pp0}/ports[name='a']/peer`, "dev1"]],
    wrong: [[`${pp0}/ports[name='a']/peer`, "in-use"]],
  },
  {
    title: "one peer for two ports of one commit",
    edits: [
      ["merge", `${p2}/peer`, "dev2"],
      ["merge", `${pp0}/ports[name='a']/peer`, "dev2"],
    ],
    wrong: [[`${pp0}/ports[name='a']/peer`, "in-use"]],
  },
  {
    title: "more rows than their map has room for",
    edits: [
      [
        "create",
        "/patch:patch[name='small']",
        {
          rooms: 1,
          ports: [{ name: "a" }, { name: "b" }],
          cable: [
            { from: "a", to: "b" },
            { from: "b", to: "a" },
          ],
        },
      ],
    ],
    wrong: [["/patch:patch[name='small']", "resource-denied"]],
  },
  {
    title: "the loopback device",
    edits: [["merge", `${p2}/peer`, "lo"]],
    wrong: [[`${p2}/peer`, "unusable-device"]],
  },
  {
    title: "a device without Ethernet",
    edits: [["merge", `${p2}/peer`, "tun0"]],
    wrong: [[`${p2}/peer`, "unusable-device"]],
  },
  {
    title: "a port of a cube that is missing for peer",
    edits: [["merge", `${p2}/peer`, "pp9:a"]],
    wrong: [[`${p2}/peer`, "instance-required"]],
  },
  {
    title: "a port for peer that its cube does not have",
    edits: [["merge", `${p2}/peer`, "pp0:z"]],
    wrong: [[`${p2}/peer`, "instance-required"]],
  },
  {
    title: "a port of the cube itself for peer",
    edits: [["merge", `${p2}/peer`, "br0:p1"]],
    wrong: [[`${p2}/peer`, "must-violation"]],
  },
  {
    title: "a port of a cube, which need not name it too",
    edits: [["merge", `${p2}/peer`, "pp0:a"]],
    wrong: [],
  },
  {
    title: "a port for peer that another names",
    edits: [
      ["merge", `${p2}/peer`, "pp0:a"],
      ["create", `${br0}/ports[name='p3']`, { peer: "pp0:a" }],
    ],
    wrong: [[`${br0}/ports[name='p3']/peer`, "in-use"]],
  },
  {
    title: "a port of a TC cube for peer of one of XDP",
    edits: [["create", xbr, { type: "XDP_DRV", ports: [{ name: "p", peer: "pp0:a" }] }]],
    wrong: [[`${xbr}/ports[name='p']/peer`, "type-mismatch"]],
  },
  {
    title: "to delete a port that another names",
    edits: [
      ["merge", `${p2}/peer`, "pp0:b"],
      ["delete", `${pp0}/cable[from='a']`],
      ["delete", `${pp0}/ports[name='b']`],
    ],
    wrong: [
      [`${p2}/peer`, "instance-required"],
      [`${pp0}/ports[name='b']`, "in-use"],
    ],
  },
  {
    title: "to delete a port together with what names it",
    edits: [
      ["merge", `${p2}/peer`, "pp0:b"],
      ["delete", pp0],
      ["delete", br0],
    ],
    wrong: [],
  },
  {
    title: "to attach a cube that is missing",
    edits: [["merge", `${p2}/tcubes`, ["th9"]]],
    wrong: [[`${p2}/tcubes[.='th9']`, "instance-required"]],
  },
  {
    title: "to attach a cube with ports",
    edits: [["merge", `${p2}/tcubes`, ["pp0"]]],
    wrong: [[`${p2}/tcubes[.='pp0']`, "not-transparent"]],
  },
  {
    title: "to attach a cube twice",
    edits: [
      ["create", th0, {}],
      ["merge", `${p2}/tcubes`, ["th0"]],
      ["create", "/netdev:netdev[name='dev1']", { tcubes: ["th0"] }],
    ],
    wrong: [["/netdev:netdev[name='dev1']/tcubes[.='th0']", "in-use"]],
  },
  {
    title: "to attach a cube of XDP to a port of TC",
    edits: [
      ["create", th0, { type: "XDP_DRV" }],
      ["merge", `${p2}/tcubes`, ["th0"]],
    ],
    wrong: [[`${p2}/tcubes[.='th0']`, "type-mismatch"]],
  },
  {
    title: "to attach to a device that is missing",
    edits: [
      ["create", th0, {}],
      ["create", "/netdev:netdev[name='dev9']", { tcubes: ["th0"] }],
    ],
    wrong: [["/netdev:netdev[name='dev9']/tcubes[.='th0']", "instance-required"]],
  },
  {
    title: "to attach to a device without Ethernet",
    edits: [
      ["create", th0, {}],
      ["create", "/netdev:netdev[name='tun0']", { tcubes: ["th0"] }],
    ],
    wrong: [["/netdev:netdev[name='tun0']/tcubes[.='th0']", "unusable-device"]],
  },
  {
    title: "two kinds of XDP on one device",
    edits: [
      ["create", th0, { type: "XDP_SKB" }],
      ["create", "/netdev:netdev[name='phys0']", { tcubes: ["th0"] }],
      ["create", xbr, { type: "XDP_DRV", ports: [{ name: "p", peer: "phys0" }] }],
    ],
    wrong: [["/netdev:netdev[name='phys0']/tcubes", "type-mismatch"]],
  },
  {
    title: "to delete a cube that stays attached",
    edits: [
      ["create", th0, {}],
      ["merge", `${p2}/tcubes`, ["th0"]],
      ["delete", th0],
    ],
    wrong: [[`${p2}/tcubes[.='th0']`, "instance-required"]],
  },
  {
    title: "a cube that moves from a port to a device in one commit",
    edits: [
      ["create", th0, {}],
      ["merge", `${p2}/tcubes`, ["th0"]],
      ["delete", `${p2}/tcubes[.='th0']`],
      ["create", "/netdev:netdev[name='dev1']", { tcubes: ["th0"] }],
    ],
    wrong: [],
  },
  {
    title: "a veth for a cube of generic XDP",
    edits: [
      [
        "create",
        "/simplebridge:simplebridge[name='x']",
        { type: "XDP_SKB", ports: [{ name: "p", peer: "dev2" }] },
      ],
    ],
    wrong: [["/simplebridge:simplebridge[name='x']/ports[name='p']/peer", "unusable-device"]],
  },
  {
    title: "faults of several kinds at once",
    edits: [
      ["merge", `${br0}/type`, "XDP_DRV"],
      ["merge", `${p2}/peer`, "dev9"],
      ["merge", `${br0}/fdb/entry[address='02:00:00:00:00:01']`, { port: "p9" }],
    ],
    wrong: [
      [`${br0}/fdb/entry[address='02:00:00:00:00:01']/port`, "instance-required"],
      [`${br0}/type`, "init-only"],
      [`${p2}/peer`, "instance-required"],
    ],
  },
  {
    title: "what cannot be applied beside what is wrong with the rest",
    edits: [
      ["merge", `${br0}/ports[name='p3']/peer`, "dev9"],
      ["create", p2, {}],
      ["delete", `${br0}/ports[name='p7']`],
      ["create", `${br0}/ports[name='p3']`, {}],
      ["merge", `${br0}/fdb/entry[address='02:00:00:00:00:01']`, { port: "p9" }],
    ],
    wrong: [
      [p2, "data-exists"],
      [`${br0}/ports[name='p7']`, "data-missing"],
      [`${br0}/fdb/entry[address='02:00:00:00:00:01']/port`, "instance-required"],
      [`${br0}/ports[name='p3']/peer`, "instance-required"],
    ],
  },
  {
    title: "what its service says of one cube beside what YANG says of another",
    edits: [
      ["merge", `${br0}/fdb/entry[address='02:00:00:00:00:01']`, { port: "p9" }],
      ["merge", `${pp0}/cable[from='b']`, { to: "b" }],
    ],
    wrong: [
      [`${br0}/fdb/entry[address='02:00:00:00:00:01']/port`, "instance-required"],
      [`${pp0}/cable[from='b']`, "service"],
    ],
  },
];

interface UnreadableCase {
  readonly title: string;
  /** The path of what could not be read. */
  readonly place: string;
  readonly edits: readonly Written[];
  readonly wrong: Case["wrong"];
}

const entry = `${br0}/fdb/entry[address='02:00:00:00:00:01']`;

const unreadables: readonly UnreadableCase[] = [
  {
    title: "a leaf, and a dangling reference elsewhere",
    place: `${br0}/fdb/aging-time`,
    edits: [["merge", entry, { port: "p9" }]],
    wrong: [[`${entry}/port`, "instance-required"]],
  },
  {
    title: "the name of a port, which a reference may mean",
    place: `${br0}/ports[1]/name`,
    edits: [["merge", entry, { port: "p9" }]],
    wrong: [],
  },
  {
    title: "the port of an entry, which is there all the same",
    place: `${entry}/port`,
    edits: [["merge", entry, {}]],
    wrong: [],
  },
  {
    title: "the name of a cube, and edits below a cube that is missing",
    place: "/simplebridge:simplebridge/name",
    edits: [["merge", "/simplebridge:simplebridge[name='new']/loglevel", "DEBUG"]],
    wrong: [],
  },
  {
    title: "a leaf, and edits below a cube that is missing",
    place: `${br0}/fdb/aging-time`,
    edits: [["merge", "/simplebridge:simplebridge[name='new']/loglevel", "DEBUG"]],
    wrong: [["/simplebridge:simplebridge[name='new']", "missing-parent"]],
  },
  {
    title: "a leaf, and a device that is missing",
    place: `${br0}/fdb/aging-time`,
    edits: [["merge", `${p2}/peer`, "dev9"]],
    wrong: [[`${p2}/peer`, "instance-required"]],
  },
];

describe("the engine", () => {
  for (const { title, edits, wrong } of cases) {
    it(`${wrong.length > 0 ? "refuses" : "takes"} ${title}`, async () => {
      const { engine, schema, edit, violations } = await started();
      const before = jsonOf(schema, engine.snapshot().root);

      const found = await violations(...edits.map((written) => edit(...written)));

      const faults = found.map(({ path, tag, appTag }) => [path, appTag ?? tag]);
      assert.deepEqual(faults, wrong);
      const isUnchanged = JSON.stringify(jsonOf(schema, engine.snapshot().root));
      assert.equal(isUnchanged === JSON.stringify(before), wrong.length > 0);
    });
  }

  it("counts the references that it does not name", async () => {
    const { engine, edit, commit } = await started();
    const entry = Array.from({ length: 200 }, (_, index) => {
      const last = index.toString(16).padStart(2, "0");
      return { address: `02:00:00:00:00:${last}`, port: "p1" };
    });
    await commit(edit("merge", `${br0}/fdb`, { entry }));

    const outcome = await engine.commit([edit("delete", `${br0}/ports[name='p1']`)], local);

    assert(outcome.violations);
    assert.deepEqual([outcome.violations.length, outcome.total], [10, 200]);
  });

  it("says which port refers to one that is to be deleted", async () => {
    const { edit, commit, violations } = await started();
    await commit(edit("merge", `${p2}/peer`, "pp0:b"), edit("delete", `${pp0}/cable[from='a']`));

    const [found] = await violations(edit("delete", `${pp0}/ports[name='b']`));

    assert.equal(found?.message, "br0:p2 has it for its peer");
  });

  for (const { title, place, edits, wrong } of unreadables) {
    it(`tells all that is wrong where it was not given ${title}`, async () => {
      const { engine, edit } = await started();
      const unread: Violation = { path: place, tag: "invalid-value", message: "is no such value" };

      const { violations = [] } = await engine.commit(
        edits.map((written) => edit(...written)),
        { ...local, unreadable: { violations: [unread], places: [place] } },
      );

      const faults = violations.map(({ path, tag, appTag }) => [path, appTag ?? tag]);
      assert.deepEqual(faults, [[place, "invalid-value"], ...wrong]);
    });
  }
});
