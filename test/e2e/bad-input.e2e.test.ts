import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { status } from "@grpc/grpc-js";
import type { ApiClient, Refused } from "../support/api-client.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";
import { type VethPair, vethPair } from "../support/network.ts";

const grpcurl = "grpcurl";
const scope = "yangplane.simplebridge.v1";
const service = `${scope}.SimplebridgeService`;
const core = "yangplane.core.v1";
const apply = `${core}.TransactionService/Apply`;
const bridge = (name: string) => `/simplebridge:simplebridge[name='${name}']`;
const br0 = bridge("br0");

/** One thing wrong, as it is said through each way in. */
interface BadInput {
  readonly title: string;
  readonly typed?: readonly [method: string, request: object | (() => Buffer)];
  /** Value of an edit; `operation` is CREATE unless told. */
  readonly json?: EditText & { readonly json: unknown };
  readonly message?: EditText & {
    readonly type: string;
    readonly message: object | (() => Buffer);
  };
  readonly cli?: { readonly line: string; readonly status: number };
  readonly code: string;
  readonly path: string;
  /** Where the typed method alone says another path: it has no list around the entry. */
  readonly typedPath?: string;
  readonly reason: RegExp;
}

interface EditText {
  readonly path: string;
  readonly operation?: string;
}

/** A field that no message of ours has: number 99, text. */
const unknownField = field(99, Buffer.from("x"));

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left >= 128 ? (left % 128) + 128 : left);
    if (left < 128) return Buffer.from(bytes);
  }
}

describeKernel("a request that is wrong", { since: "6.6" }, () => {
  let home: DaemonHome;
  let daemon: DaemonProcess;
  let client: ApiClient;
  let used: VethPair;

  before(async function () {
    this.timeout(30_000);
    home = new DaemonHome("kernel");
    daemon = await home.start();
    client = daemon.client();
    used = vethPair();
    await client.call(`${service}/CreateSimplebridge`, {
      simplebridge: {
        name: "br0",
        ports: [{ name: "p1", peer: used.name }, { name: "p2" }],
        fdb: { entry: [{ address: "02:00:00:00:00:01", port: "p1" }] },
      },
    });
  });

  after(async () => {
    await daemon.stop();
    home[Symbol.dispose]();
    used[Symbol.dispose]();
  });

  const configuration = () =>
    client.call(`${core}.DatastoreService/Get`, { read: { view: "VIEW_CONFIG" } });

  const applied = (value: object, { path, operation = "CREATE" }: EditText) => ({
    edits: [{ path, operation: `OPERATION_${operation}`, ...value }],
  });

  const anyOf = (type: string, message: object | (() => Buffer)) => ({
    type_url: `type.googleapis.com/${scope}.${type}`,
    value: typeof message === "function" ? message() : client.encode(`${scope}.${type}`, message),
  });

  function ports(name: string | undefined, more: object = {}) {
    return { simplebridgeName: "br0", ports: { ...(name === undefined ? {} : { name }), ...more } };
  }

  const cases: readonly BadInput[] = [
    {
      title: "an unknown field",
      typed: [
        "CreatePorts",
        () =>
          Buffer.concat([
            field(1, Buffer.from("br0")),
            field(16, Buffer.concat([field(1, Buffer.from("p9")), unknownField])),
          ]),
      ],
      json: { path: `${br0}/ports[name='p9']`, json: { colour: "red" } },
      message: {
        path: `${br0}/ports[name='p9']`,
        type: "Simplebridge.Ports",
        message: () => Buffer.concat([field(1, Buffer.from("p9")), unknownField]),
      },
      cli: { line: "br0 ports add p9 colour=red", status: 2 },
      code: "INVALID_ARGUMENT",
      path: `${br0}/ports[name='p9']`,
      reason: /no field number 99|colour/,
    },
    {
      title: "an unknown field of the request",
      typed: [
        "DeleteSimplebridge",
        () => Buffer.concat([field(1, Buffer.from("br0")), unknownField]),
      ],
      code: "INVALID_ARGUMENT",
      path: "",
      reason: /DeleteSimplebridgeRequest has no field number 99/,
    },
    {
      title: "a value of the wrong type",
      typed: [
        "UpdateSimplebridge",
        () =>
          field(
            16,
            Buffer.concat([field(1, Buffer.from("br0")), field(7, field(1, Buffer.from("soon")))]),
          ),
      ],
      json: { path: `${br0}/fdb/aging-time`, operation: "MERGE", json: "soon" },
      message: {
        path: `${br0}/fdb`,
        operation: "MERGE",
        type: "Simplebridge.Fdb",
        message: () => field(1, Buffer.from("soon")),
      },
      cli: { line: "br0 fdb set aging-time=soon", status: 2 },
      code: "INVALID_ARGUMENT",
      path: `${br0}/fdb/aging-time`,
      reason: /soon|wire type/,
    },
    ...[0, 1_000_001].map((value) => ({
      title: `the value ${value}, which is out of range`,
      typed: [
        "UpdateSimplebridge",
        { simplebridge: { name: "br0", fdb: { agingTime: value } } },
      ] as const,
      json: { path: `${br0}/fdb/aging-time`, operation: "MERGE", json: value },
      message: {
        path: `${br0}/fdb`,
        operation: "MERGE",
        type: "Simplebridge.Fdb",
        message: { agingTime: value },
      },
      cli: { line: `br0 fdb set aging-time=${value}`, status: 2 },
      code: "INVALID_ARGUMENT",
      path: `${br0}/fdb/aging-time`,
      reason: /the aging time is 1 to 1000000 seconds/,
    })),
    {
      title: "an entry without its key",
      typed: ["CreatePorts", ports(undefined, { peer: "" })],
      code: "INVALID_ARGUMENT",
      path: `${br0}/ports`,
      reason: /key name .*is missing/,
    },
    {
      title: "an entry without its key among others",
      typed: [
        "UpdateSimplebridge",
        { simplebridge: { name: "br0", ports: [{ name: "p8" }, { peer: "" }] } },
      ],
      json: { path: `${br0}/ports`, operation: "MERGE", json: [{ name: "p8" }, { peer: "" }] },
      message: {
        path: br0,
        operation: "MERGE",
        type: "Simplebridge",
        message: { name: "br0", ports: [{ name: "p8" }, { peer: "" }] },
      },
      code: "INVALID_ARGUMENT",
      path: `${br0}/ports[2]`,
      reason: /key name .*is missing/,
    },
    {
      title: "an entry behind a port that does not exist",
      typed: [
        "CreateFdbEntry",
        { simplebridgeName: "br0", entry: { address: "02:00:00:00:00:09", port: "nope" } },
      ],
      json: { path: `${br0}/fdb/entry[address='02:00:00:00:00:09']`, json: { port: "nope" } },
      message: {
        path: `${br0}/fdb/entry[address='02:00:00:00:00:09']`,
        type: "Simplebridge.Fdb.Entry",
        message: { address: "02:00:00:00:00:09", port: "nope" },
      },
      cli: { line: "br0 fdb entry add 02:00:00:00:00:09 port=nope", status: 1 },
      code: "FAILED_PRECONDITION",
      path: `${br0}/fdb/entry[address='02:00:00:00:00:09']/port`,
      reason: /nope/,
    },
    {
      title: "the deletion of a port that an entry refers to",
      typed: ["DeletePorts", { simplebridgeName: "br0", portsName: "p1" }],
      cli: { line: "br0 ports del p1", status: 1 },
      code: "FAILED_PRECONDITION",
      path: `${br0}/fdb/entry[address='02:00:00:00:00:01']/port`,
      reason: /p1/,
    },
    {
      title: "an entry given twice",
      typed: [
        "UpdateSimplebridge",
        { simplebridge: { name: "br0", ports: [{ name: "p8" }, { name: "p8" }] } },
      ],
      json: { path: `${br0}/ports`, operation: "MERGE", json: [{ name: "p8" }, { name: "p8" }] },
      message: {
        path: br0,
        operation: "MERGE",
        type: "Simplebridge",
        message: { name: "br0", ports: [{ name: "p8" }, { name: "p8" }] },
      },
      code: "INVALID_ARGUMENT",
      path: `${br0}/ports[name='p8']`,
      reason: /is given twice/,
    },
    {
      title: "an entry that exists",
      typed: ["CreatePorts", ports("p1")],
      json: { path: `${br0}/ports[name='p1']`, json: {} },
      message: {
        path: `${br0}/ports[name='p1']`,
        type: "Simplebridge.Ports",
        message: { name: "p1" },
      },
      cli: { line: "br0 ports add p1", status: 1 },
      code: "ALREADY_EXISTS",
      path: `${br0}/ports[name='p1']`,
      reason: /already exists/,
    },
    {
      title: "a change of an entry that does not exist",
      typed: ["UpdatePorts", ports("p9", { peer: "" })],
      cli: { line: "br0 ports p9 set peer=", status: 1 },
      code: "NOT_FOUND",
      path: `${br0}/ports[name='p9']`,
      reason: /does not exist/,
    },
    {
      title: "an entry below a cube that does not exist",
      typed: ["CreatePorts", { simplebridgeName: "br9", ports: { name: "p1" } }],
      json: { path: `${bridge("br9")}/ports[name='p1']`, json: {} },
      message: {
        path: `${bridge("br9")}/ports[name='p1']`,
        type: "Simplebridge.Ports",
        message: { name: "p1" },
      },
      cli: { line: "br9 ports add p1", status: 2 },
      code: "NOT_FOUND",
      path: bridge("br9"),
      reason: /does not exist/,
    },
    {
      title: "a list below a cube that does not exist",
      typed: ["ListPorts", { simplebridgeName: "br9" }],
      cli: { line: "br9 ports show", status: 2 },
      code: "NOT_FOUND",
      path: bridge("br9"),
      reason: /does not exist/,
    },
    {
      title: "a device that does not exist",
      typed: ["CreatePorts", ports("p9", { peer: "no-such-device" })],
      json: { path: `${br0}/ports[name='p9']`, json: { peer: "no-such-device" } },
      message: {
        path: `${br0}/ports[name='p9']`,
        type: "Simplebridge.Ports",
        message: { name: "p9", peer: "no-such-device" },
      },
      cli: { line: "br0 ports add p9 peer=no-such-device", status: 1 },
      code: "FAILED_PRECONDITION",
      path: `${br0}/ports[name='p9']/peer`,
      reason: /no network device no-such-device/,
    },
    {
      title: "the loopback device",
      typed: ["CreatePorts", ports("p9", { peer: "lo" })],
      cli: { line: "br0 ports add p9 peer=lo", status: 1 },
      code: "FAILED_PRECONDITION",
      path: `${br0}/ports[name='p9']/peer`,
      reason: /lo is the loopback device/,
    },
    {
      title: "a device that another port has",
      typed: [
        "CreatePorts",
        () => client.encode(`${scope}.CreatePortsRequest`, ports("p9", { peer: used.name })),
      ],
      message: {
        path: `${br0}/ports[name='p9']`,
        type: "Simplebridge.Ports",
        message: () =>
          client.encode(`${scope}.Simplebridge.Ports`, { name: "p9", peer: used.name }),
      },
      code: "FAILED_PRECONDITION",
      path: `${br0}/ports[name='p9']/peer`,
      reason: /is the peer of br0:p1 already/,
    },
    {
      title: "a device that a port of another cube has",
      typed: [
        "CreateSimplebridge",
        () =>
          client.encode(`${scope}.CreateSimplebridgeRequest`, {
            simplebridge: { name: "br1", ports: [{ name: "p1", peer: used.name }] },
          }),
      ],
      code: "FAILED_PRECONDITION",
      path: `${bridge("br1")}/ports[name='p1']/peer`,
      reason: /is the peer of br0:p1 already/,
    },
    ...["a/b", "a\0b", "a\nb", "n".repeat(10_000), "", "'", "]", ".."].map(badName),
  ];

  for (const bad of cases) {
    const { title, code, path, reason } = bad;

    const check = async (refuse: () => Promise<Refused>, at = path) => {
      const before = await configuration();

      const refused = await refuse();

      const { violations } = refused;
      assert.equal(refused.code, code, refused.details);
      assert.deepEqual(
        violations.map((violation) => violation.path ?? ""),
        [at],
        refused.details,
      );
      assert.match(violations[0]?.message ?? "", reason);
      assert.match(refused.details, reason);
      assert.deepEqual(await configuration(), before);
    };

    const { typed, json, message, cli } = bad;
    if (typed) {
      const [method, request] = typed;
      it(`refuses ${title} by ${method}`, () =>
        check(() => {
          const given = typeof request === "function" ? request() : request;
          return client.refused(`${service}/${method}`, given);
        }, bad.typedPath));
    }
    if (json) {
      it(`refuses ${title} by Apply with JSON`, () =>
        check(() => client.refused(apply, applied({ json: JSON.stringify(json.json) }, json))));
    }
    if (message) {
      it(`refuses ${title} by Apply with a message`, () =>
        check(() => {
          const any = anyOf(message.type, message.message);
          return client.refused(apply, applied({ message: any }, message));
        }));
    }
    if (cli) {
      it(`refuses ${title} by "yangplane ${cli.line}"`, async () => {
        const before = await configuration();

        const result = spawnSync("bin/yangplane", cli.line.split(" "), {
          encoding: "utf8",
          env: { ...process.env, YANGPLANE_SOCKET: home.socket },
        });

        assert.equal(result.status, cli.status, result.stderr);
        assert.notEqual(result.stderr, "");
        assert.equal(result.stdout, "");
        assert.deepEqual(await configuration(), before);
      }).timeout(20_000);
    }
  }

  const large = Buffer.alloc(10 * 1024 * 1024, "x");
  const deep = (depth: number) => `${'{"fdb":'.repeat(depth)}1${"}".repeat(depth)}`;
  const shapes: readonly { title: string; edit: object; code: string; reason: RegExp }[] = [
    {
      title: "a message of 10 MB",
      edit: { path: br0, operation: "OPERATION_MERGE", json: large.toString() },
      code: "RESOURCE_EXHAUSTED",
      reason: /larger than max \(\d+ vs 4194304\)/,
    },
    {
      title: "JSON nested 1,000 deep",
      edit: { path: br0, operation: "OPERATION_MERGE", json: deep(1000) },
      code: "INVALID_ARGUMENT",
      reason: /br0'\]\/fdb: there is no node "fdb"/,
    },
    {
      title: "arrays nested 100,000 deep",
      edit: { path: br0, operation: "OPERATION_MERGE", json: "[".repeat(100_000) },
      code: "INVALID_ARGUMENT",
      reason: /br0'\]: the value is not JSON/,
    },
    {
      title: "JSON that is cut off",
      edit: { path: br0, operation: "OPERATION_MERGE", json: '{"fdb":' },
      code: "INVALID_ARGUMENT",
      reason: /br0'\]: the value is not JSON/,
    },
    {
      title: "a path of 1,000 steps",
      edit: { path: `${br0}${"/fdb".repeat(1000)}`, operation: "OPERATION_REMOVE" },
      code: "INVALID_ARGUMENT",
      reason: /br0'\]\/fdb: fdb has no node named "fdb"/,
    },
    {
      title: "a path of an unknown module",
      edit: { path: "/firewall:firewall[name='f']", operation: "OPERATION_REMOVE" },
      code: "INVALID_ARGUMENT",
      reason: /firewall/,
    },
  ];

  for (const { title, edit, code, reason } of shapes) {
    it(`refuses ${title}`, async () => {
      const before = await configuration();

      const refused = await client.refused(apply, { edits: [edit] });

      assert.equal(refused.code, code, refused.details);
      assert.match(refused.details, reason);
      assert.deepEqual(await configuration(), before);
    });
  }

  it("refuses a stream with one message of 10 MB, and what came before it", async () => {
    const before = await configuration();
    const good = { path: `${br0}/ports[name='p9']`, operation: "OPERATION_CREATE" };
    const bad = { path: br0, operation: "OPERATION_MERGE", json: large.toString() };
    const messages = [good, bad].map((edit) =>
      client.encode(`${core}.ApplyRequest`, { edits: [edit] }),
    );

    const call = client.stream(`/${core}.TransactionService/ApplyStream`, messages);

    await assert.rejects(call, { code: status.RESOURCE_EXHAUSTED });
    assert.deepEqual(await configuration(), before);
  });

  it("is shown by grpcurl with path and reason", () => {
    const request = { simplebridge_name: "br0", ports: { name: "a/b\n" } };
    const args = ["-plaintext", "-unix", "-d", JSON.stringify(request), home.socket];

    const { status: exit, stderr } = spawnSync(grpcurl, [...args, `${service}/CreatePorts`], {
      encoding: "utf8",
    });

    assert.notEqual(exit, 0);
    assert.match(stderr, /Code: InvalidArgument/);
    assert.match(stderr, /"path": "\/simplebridge:simplebridge\[name='br0'\]\/ports\/name"/);
    assert.match(stderr, /"message": "a name consists of letters/);
  });

  it("leaves nothing of what it said unescaped in the log", async () => {
    await client.refused(apply, {
      edits: [{ path: "/simplebridge:simplebridge[name='a\nb']", operation: "OPERATION_DELETE" }],
    });

    for (const line of daemon.errors.trimEnd().split("\n")) JSON.parse(line);
  });
});

/** A name that the model refuses, in the key of a new port. */
function badName(name: string): BadInput {
  const shown = name.length > 100 ? `${name.length} characters` : JSON.stringify(name);
  return {
    title: `the name ${shown}`,
    typed: ["CreatePorts", { simplebridgeName: "br0", ports: { name } }],
    json: { path: `${br0}/ports`, operation: "MERGE", json: [{ name }] },
    message: {
      path: br0,
      operation: "MERGE",
      type: "Simplebridge",
      message: { name: "br0", ports: [{ name }] },
    },
    code: "INVALID_ARGUMENT",
    path: `${br0}/ports[1]/name`,
    typedPath: `${br0}/ports/name`,
    reason: /a name (has|consists)|contains U\+0000/,
  };
}
