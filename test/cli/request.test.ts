import assert from "node:assert/strict";
import { parseCommandLine } from "../../src/cli/command-line.ts";
import { needsInput, requestFor, takesInput } from "../../src/cli/request.ts";
import { findTarget } from "../../src/cli/target.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { linkSchema } from "../../src/datamodel/schema/schema.ts";
import { simplebridgeIr } from "../../src/gen/yang/simplebridge.ts";
import { container, irModule, leaf, leafList, list, operation } from "../support/ir.ts";

const routerIr = irModule("router", [
  list("router", "name", [
    leaf("name", "string"),
    list("route", "network nexthop", [
      leaf("network", "string"),
      leaf("nexthop", "string"),
      leaf("pathcost", "uint8"),
    ]),
    container("tunnel", [leaf("id", "uint64"), leaf("on", "boolean")], { presence: "is a tunnel" }),
    container("log", [leaf("level", "string"), container("sink", [leaf("size", "uint32")])]),
    leafList("dns", "string"),
    list("chain", "name", [leaf("name", "string")], {
      actions: [
        operation("append", "router", { input: [leaf("src", "string", { mandatory: true })] }),
      ],
    }),
  ]),
]);
const schemas = new Map(
  [simplebridgeIr, routerIr].map((ir) => [ir.name, linkSchema([ir])] as const),
);
/** Cubes that exist, by name. */
const cubes = new Map([
  ["br0", "simplebridge"],
  ["r1", "router"],
]);

/** As main.ts resolves the first word, without a daemon. */
function order(command: string, input?: unknown) {
  const { words, parameters, command: verb, isAll } = parseCommandLine(command.split(" "));
  const [first = "", ...rest] = words;
  const service = cubes.get(first);
  const schema = schemas.get(service ?? first);
  assert(schema, `${first} is a service or cube`);
  const target = findTarget(schema, service ?? first, service ? words : rest);
  const line = { command: verb, target, parameters, isAll };
  return input === undefined ? line : { ...line, input };
}

const br0 = "/simplebridge:simplebridge[name='br0']";
const r1 = "/router:router[name='r1']";

function edit(path: string, operationName: string, json?: unknown) {
  const body = json === undefined ? {} : { json: JSON.stringify(json) };
  return { path, operation: operationName, ...body };
}

describe("a command line", () => {
  const reads: [string, string][] = [
    ["br0 show", br0],
    ["show br0", br0],
    ["simplebridge br0 show", br0],
    ["simplebridge show", "/simplebridge:simplebridge"],
    ["br0 ports show", `${br0}/ports`],
    ["br0 ports p1 show", `${br0}/ports[name='p1']`],
    ["br0 show ports p1 peer", `${br0}/ports[name='p1']/peer`],
    ["br0 fdb entry AA:bb:cc:00:00:01 show", `${br0}/fdb/entry[address='aa:bb:cc:00:00:01']`],
    [
      "r1 route 10.0.2.0/24 10.1.0.2 show",
      `${r1}/route[network='10.0.2.0/24'][nexthop='10.1.0.2']`,
    ],
    ["r1 dns show", `${r1}/dns`],
    ["r1 chain show -- add", `${r1}/chain[name='add']`],
    ["r1 chain show -- it's", `${r1}/chain[name="it's"]`],
  ];
  for (const [command, path] of reads) {
    it(`${command} reads ${path}`, () => {
      assert.deepEqual(requestFor(order(command)), { kind: "show", path });
    });
  }

  const writes = [
    { command: "simplebridge add br0", edits: [edit(br0, "CREATE", {})] },
    { command: "add simplebridge br0", edits: [edit(br0, "CREATE", {})] },
    { command: "simplebridge add name=br0", edits: [edit(br0, "CREATE", { name: "br0" })] },
    {
      command: "simplebridge add br0 loglevel=debug type=Xdp_drv",
      edits: [edit(br0, "CREATE", { loglevel: "DEBUG", type: "XDP_DRV" })],
    },
    {
      command: "simplebridge add br0 fdb.aging-time=60",
      edits: [edit(br0, "CREATE", { fdb: { "aging-time": 60 } })],
    },
    {
      command: "br0 ports add p1 peer=veth1",
      edits: [edit(`${br0}/ports[name='p1']`, "CREATE", { peer: "veth1" })],
    },
    { command: "br0 fdb set aging-time=60", edits: [edit(`${br0}/fdb/aging-time`, "MERGE", 60)] },
    {
      command: "br0 ports p1 set peer=",
      edits: [edit(`${br0}/ports[name='p1']/peer`, "MERGE", "")],
    },
    {
      command: "br0 set loglevel=OFF fdb.aging-time=1",
      edits: [
        edit(`${br0}/loglevel`, "MERGE", "OFF"),
        edit(`${br0}/fdb`, "MERGE", { "aging-time": 1 }),
      ],
    },
    { command: "br0 ports del p1", edits: [edit(`${br0}/ports[name='p1']`, "DELETE")] },
    { command: "del br0", edits: [edit(br0, "DELETE")] },
    { command: "br0 ports del --all", edits: [edit(`${br0}/ports`, "REMOVE")] },
    { command: "br0 fdb del -all", edits: [edit(`${br0}/fdb`, "REMOVE")] },
    { command: "r1 dns del -all", edits: [edit(`${r1}/dns`, "REMOVE")] },
    { command: "br0 fdb aging-time del", edits: [edit(`${br0}/fdb/aging-time`, "REMOVE")] },
    {
      command: "r1 route add 10.0.2.0/24 10.1.0.2 pathcost=5",
      edits: [
        edit(`${r1}/route[network='10.0.2.0/24'][nexthop='10.1.0.2']`, "CREATE", { pathcost: 5 }),
      ],
    },
    {
      command: "r1 tunnel add id=18446744073709551615 on=TRUE",
      edits: [edit(`${r1}/tunnel`, "CREATE", { id: "18446744073709551615", on: true })],
    },
    { command: "r1 tunnel del", edits: [edit(`${r1}/tunnel`, "DELETE")] },
    { command: "r1 log del -all", edits: [edit(`${r1}/log`, "REMOVE")] },
    {
      command: "r1 log add level=5 sink.size=7",
      edits: [edit(`${r1}/log`, "MERGE", { level: "5", sink: { size: 7 } })],
    },
    { command: "r1 dns add 192.0.2.1", edits: [edit(`${r1}/dns[.='192.0.2.1']`, "CREATE", null)] },
    { command: "r1 dns del 192.0.2.1", edits: [edit(`${r1}/dns[.='192.0.2.1']`, "DELETE")] },
    { command: "r1 set dns=a,b", edits: [edit(`${r1}/dns`, "MERGE", ["a", "b"])] },
    {
      command: "r1 log set level=a=b",
      edits: [edit(`${r1}/log/level`, "MERGE", "a=b")],
    },
  ];
  for (const { command, edits } of writes) {
    it(`${command} writes ${edits.map(({ operation: name, path }) => `${name} ${path}`)}`, () => {
      assert.deepEqual(requestFor(order(command)), { kind: "write", edits });
    });
  }

  const actions = [
    { command: "br0 fdb flush", path: `${br0}/fdb/flush`, json: "{}" },
    {
      command: "r1 chain INGRESS append src=7",
      path: `${r1}/chain[name='INGRESS']/append`,
      json: '{"src":"7"}',
    },
    {
      command: "r1 chain INGRESS append 7",
      path: `${r1}/chain[name='INGRESS']/append`,
      json: '{"src":"7"}',
    },
  ];
  for (const { command, path, json } of actions) {
    it(`${command} runs the action with ${json}`, () => {
      assert.deepEqual(requestFor(order(command)), { kind: "invoke", path, json });
    });
  }

  const mistakes: [string, RegExp][] = [
    ["br0", /what about simplebridge br0\? Say show, add, set or del/],
    ["br0 prots show", /simplebridge br0 has no prots \(did you mean ports\?\)/],
    ["br0 zzzzzz show", /has no zzzzzz; it has name, uuid, .*fdb/],
    ["br0 ports p1 peer more show", /peer is a single value: more leads nowhere/],
    ["br0 fdb flush now", /flush takes no words: now is too much/],
    ["r1 chain c append a b", /append takes <src> and nothing more: b is too much/],
    ["r1 chain c append a src=7", /src is given twice: as a, and with =/],
    ["r1 chain c append", /write append <src>/],
    ["br0 fdb flush add", /flush is an action and goes without add/],
    ["br0 ports add", /ports lacks <name>, and there is no body on standard input/],
    ["r1 route add 10.0.0.0/8", /route 10.0.0.0\/8 lacks <nexthop>/],
    ["r1 route show 10.0.0.0/8", /lacks <nexthop>/],
    ["br0 ports add p1 pear=veth1", /unknown parameter pear \(did you mean peer\?\)/],
    ["br0 ports add p1 status=UP", /status is state and cannot be set/],
    ["br0 ports add p1 counters.rx-bytes=1", /counters is state and cannot be set/],
    ["br0 set fdb=1", /fdb is a container/],
    ["br0 set size=1", /unknown parameter size; there is loglevel, fdb.aging-time$/],
    ["br0 fdb set siz=1", /unknown parameter siz; there is aging-time$/],
    ["simplebridge add br1 siz=1", /unknown parameter siz; there is type, loglevel, .*fdb.size$/],
    ["br0 set", /nothing to set in simplebridge br0/],
    ["br0 fdb set aging-time=0", /aging-time: the aging time is 1 to 1000000 seconds/],
    ["br0 fdb set aging-time=soon", /aging-time: /],
    ["br0 set loglevel=loud", /"loud" is not one of TRACE, DEBUG/],
    ["br0 fdb entry show 01:00:5e:00:00:01", /a group address/],
    ["simplebridge add br/0", /name: a name consists of/],
    ["br0 fdb aging-time set", /write set aging-time=<value> behind the node/],
    ["br0 fdb aging-time add", /aging-time is a leaf/],
    ["br0 ports p1 name del", /name is a key: delete the entry/],
    ["br0 show loglevel=INFO", /show takes no loglevel=/],
    ["simplebridge del", /would delete every entry of simplebridge: name one, or add --all/],
    ["br0 ports del", /would delete every entry of ports: name one, or add --all/],
    ["br0 fdb del", /would delete all that is set in fdb: name what, or add --all/],
    ["r1 dns del", /would delete every entry of dns: name one, or add --all/],
    ["br0 shwo", /simplebridge br0 has no shwo \(did you mean show\?\)/],
    ["simplebridge shwo", /Say show, add, set or del \(did you mean show\?\)/],
  ];
  for (const [command, message] of mistakes) {
    it(`${command} is refused: ${message.source}`, () => {
      assert.throws(
        () => requestFor(order(command)),
        (error: Error) => {
          assert(error instanceof UsageError, error.stack);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

describe("a body on standard input", () => {
  const cases = [
    {
      title: "the entries of an array are created together",
      command: "simplebridge add",
      input: [{ name: "br0", loglevel: "debug" }, { name: "br1" }],
      edits: [
        {
          ...edit("/simplebridge:simplebridge", "CREATE", [
            { name: "br0", loglevel: "DEBUG" },
            { name: "br1" },
          ]),
          entries: 2,
        },
      ],
    },
    {
      title: "a file in the form of RFC 7951 is unwrapped",
      command: "simplebridge add",
      input: { "simplebridge:simplebridge": [{ name: "br0" }] },
      edits: [edit(br0, "CREATE", { name: "br0" })],
    },
    {
      title: "what show printed can be read back: state is left out",
      command: "simplebridge add",
      input: {
        name: "br0",
        uuid: "1e9e0fb2-cf3c-4a2d-8f2b-8a8f6a3d6f30",
        ports: [{ name: "p1", status: "UP", peer: "veth1", counters: { "rx-bytes": "1" } }],
      },
      edits: [edit(br0, "CREATE", { name: "br0", ports: [{ name: "p1", peer: "veth1" }] })],
    },
    {
      title: "YAML's idea of a scalar gives way to the model's",
      command: "br0 ports add",
      input: { name: 5, peer: 7 },
      edits: [edit(`${br0}/ports[name='5']`, "CREATE", { name: "5", peer: "7" })],
    },
    {
      title: "unknown members and wrong values are left for the daemon to refuse",
      command: "simplebridge add br0",
      input: { nonsense: 1, loglevel: "loud", ports: 3 },
      edits: [edit(br0, "CREATE", { nonsense: 1, loglevel: "loud", ports: 3 })],
    },
    {
      title: "set changes members of what exists",
      command: "simplebridge set",
      input: [{ name: "br0", loglevel: "OFF" }],
      edits: [edit(`${br0}/name`, "MERGE", "br0"), edit(`${br0}/loglevel`, "MERGE", "OFF")],
    },
  ];
  for (const { title, command, input, edits } of cases) {
    it(`${command}: ${title}`, () => {
      assert.deepEqual(requestFor(order(command, input)), { kind: "write", edits });
    });
  }

  for (const input of [5, "text", [1], [{ loglevel: "OFF" }], null]) {
    it(`${JSON.stringify(input)} is refused where entries of a list are wanted`, () => {
      assert.throws(() => requestFor(order("simplebridge add", input)), UsageError);
    });
  }

  const needs: [string, boolean][] = [
    ["simplebridge add", true],
    ["simplebridge add br0", false],
    ["simplebridge add name=br0", false],
    ["br0 fdb set", true],
    ["br0 fdb flush", false],
    ["r1 chain c append", true],
  ];
  for (const [command, isNeeded] of needs) {
    it(`is ${isNeeded ? "" : "not "}waited for by ${command}`, () => {
      assert.equal(needsInput(order(command)), isNeeded);
    });
  }

  const takers: [string, boolean][] = [
    ["simplebridge add", true],
    ["simplebridge add br0", true],
    ["simplebridge add br0 type=TC", false],
    ["br0 fdb set", true],
    ["br0 fdb flush", false],
    ["br0 show", false],
    ["br0 del", false],
    ["r1 chain c append", true],
  ];
  for (const [command, isTaken] of takers) {
    it(`is ${isTaken ? "looked for" : "left alone"} by ${command}`, () => {
      assert.equal(takesInput(order(command)), isTaken);
    });
  }
});
