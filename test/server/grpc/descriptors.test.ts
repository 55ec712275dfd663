import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import protobuf from "protobufjs";
import type { IrModule } from "../../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { descriptors, generateProto } from "../../../src/server/grpc/descriptors.ts";
import {
  decodeFileDescriptorSet,
  encodeFileDescriptor,
  fileDescriptor,
} from "../../../src/server/grpc/file-descriptor.ts";
import { GenerationError } from "../../../src/server/grpc/generation-error.ts";
import type { Lock } from "../../../src/server/grpc/lock.ts";
import { bridge, irModule, leaf, list } from "./models.ts";

const packageLines = /^package .*;$/m;

describe("generateProto", () => {
  const { proto, lock } = generateProto([bridge], "bridge", undefined);

  const lines = [
    "rpc UpdatePortsStp(UpdatePortsStpRequest) returns (UpdatePortsStpResponse);",
    "rpc FdbFlush(FdbFlushRequest) returns (FdbFlushResponse);",
    "rpc WatchFdbEntry(WatchFdbEntryRequest) returns (stream WatchFdbEntryResponse);",
    "uint32 fdb_entry_vlan = 2;",
    "string fdb_entry_mac = 3;",
    "Bridge.Ports.Stp stp = 16;",
    "MODE_ACCESS = 1;",
    "optional Mode mode = 2;",
    "repeated Flags flags = 4;",
    "yangplane.core.v1.Decimal64 rate = 1;",
    "google.protobuf.Empty strict = 3;",
    "Enumeration enumeration = 2;",
    "Input input = 16;",
  ];
  for (const line of lines) {
    it(`prints "${line}"`, () => {
      assert.ok(proto.split("\n").some((printed) => printed.trim() === line));
    });
  }

  it("numbers keys first whatever their place in the model", () => {
    assert.equal(lock["/bridge/name"]?.number, 1);
    assert.equal(lock["/bridge/uuid"]?.number, 2);
  });

  it("locks nodes, enum values and union members by schema path", () => {
    const wanted: Lock = {
      "/bridge/ports/mode": { number: 2, name: "mode", wire: "enum" },
      "/bridge/ports/mode#access": { number: 1, name: "MODE_ACCESS", wire: "enum value" },
      "/bridge/limits/bound|uint32": { number: 1, name: "uint32", wire: "uint32" },
    };
    for (const [path, entry] of Object.entries(wanted)) assert.deepEqual(lock[path], entry);
    assert.deepEqual(Object.keys(lock), Object.keys(lock).sort());
  });

  it("gives the same text again from its own lock", () => {
    const again = generateProto([bridge], "bridge", lock);
    assert.equal(again.proto, proto);
    assert.deepEqual(again.lock, lock);
  });

  it("prints what protoc reads as exactly the descriptors of the server", () => {
    const api = descriptors(linkSchema([bridge]), "bridge", lock);
    const ours = encodeFileDescriptor(fileDescriptor(api.file));
    const [theirs] = compile(api.file.name, proto).filter(({ name }) => name === api.file.name);
    assert.ok(theirs);
    assert.deepEqual(
      Buffer.from(ours).toString("base64"),
      Buffer.from(encodeFileDescriptor(theirs)).toString("base64"),
    );
  });

  it("prints what protobufjs reads with the same fields", () => {
    const parsed = protobuf.parse(proto, { keepCase: true }).root;
    const stp = parsed.lookupType("yangplane.bridge.v1.UpdatePortsStpRequest");
    const fields = stp.fieldsArray.map(({ id, name, type }) => `${id} ${type} ${name}`);
    assert.deepEqual(fields, [
      "1 string bridge_name",
      "2 string ports_name",
      "16 Bridge.Ports.Stp stp",
      "17 google.protobuf.FieldMask update_mask",
      "18 bool allow_missing",
      "19 yangplane.core.v1.WriteOptions options",
    ]);
  });
});

describe("the lock", () => {
  const one = module(leaf("name"), leaf("a"), leaf("b", { base: "uint32" }));
  const { lock } = generateProto([one], "bridge", undefined);

  it("keeps the numbers of old nodes when one is put in front", () => {
    const next = generateProto(
      [module(leaf("name"), leaf("z"), leaf("a"), leaf("b", { base: "uint32" }))],
      "bridge",
      lock,
    );
    assert.deepEqual(numbersIn(next.proto, "Bridge"), { name: 1, z: 4, a: 2, b: 3 });
  });

  it("prints a node that is gone as reserved and never gives its number again", () => {
    const next = generateProto(
      [module(leaf("name"), leaf("b", { base: "uint32" }), leaf("c"))],
      "bridge",
      lock,
    );
    assert.match(next.proto, /reserved 2;\n {2}reserved "a";/);
    assert.deepEqual(numbersIn(next.proto, "Bridge"), { name: 1, b: 3, c: 4 });
    assert.deepEqual(next.lock["/bridge/a"], lock["/bridge/a"]);
  });

  it("refuses a changed wire type and says to make a v2", () => {
    const next = module(leaf("name"), leaf("a", { base: "uint32" }));
    assert.throws(() => generateProto([next], "bridge", lock), changed("wire"));
  });

  it("refuses a changed name and says to make a v2", () => {
    const renamed = { ...lock, "/bridge/a": { number: 2, name: "other", wire: "string" } };
    assert.throws(() => generateProto([one], "bridge", renamed), changed("name"));
  });
});

describe("names that meet", () => {
  const twins = module(leaf("name"), leaf("a-b"), leaf("aB"));

  it("are an error that names both nodes", () => {
    assert.throws(
      () => generateProto([twins], "bridge", undefined),
      (error) => {
        assert.ok(error instanceof GenerationError);
        assert.match(error.message, /\/bridge\/aB and \/bridge\/a-b both become a_b: .* lock file/);
        return true;
      },
    );
  });

  it("are settled by a name in the lock", () => {
    const settled = { "/bridge/aB": { number: 7, name: "a_upper_b", wire: "string" } };
    const { proto } = generateProto([twins], "bridge", settled);
    assert.deepEqual(numbersIn(proto, "Bridge"), { name: 8, a_b: 9, a_upper_b: 7 });
  });

  it("give an augmented node its module's prefix", () => {
    const foreign = leaf("a", { base: "uint32" }, { module: "other" });
    const { proto } = generateProto(
      [module(leaf("name"), leaf("a"), foreign)],
      "bridge",
      undefined,
    );
    assert.deepEqual(numbersIn(proto, "Bridge"), { name: 1, a: 2, other_a: 3 });
  });

  it("number enum values that protoc cannot tell apart", () => {
    const enums = ["a-b", "a_b", "unspecified", "+"].map((name, value) => ({ name, value }));
    const odd = module(leaf("name"), leaf("kind", { base: "enumeration", enums }));
    const { proto } = generateProto([odd], "bridge", undefined);
    for (const line of [
      "KIND_A_B = 1;",
      "KIND_A_B_2 = 2;",
      "KIND_UNSPECIFIED_2 = 3;",
      "KIND_U2B = 4;",
    ])
      assert.ok(proto.includes(line), line);
    compile("yangplane/bridge/v1/bridge.proto", proto);
  });

  it("of methods below two top nodes are told apart by the top node and recorded", () => {
    const twoTops = irModule("bridge", [
      container("first", [list("x", ["k"], [leaf("k")])]),
      container("second", [list("x", ["k"], [leaf("k")])]),
    ]);
    const made = generateProto([twoTops], "bridge", undefined);
    assert.match(made.proto, /rpc GetX\(/);
    assert.match(made.proto, /rpc GetSecondX\(/);
    assert.equal(made.lock["/second/x()"]?.name, "SecondX");
    assert.equal(generateProto([twoTops], "bridge", made.lock).proto, made.proto);
  });
});

describe("a list of more keys than requests have room for", () => {
  it("is a generation error", () => {
    const keys = Array.from({ length: 16 }, (_, index) => `k${index}`);
    const wide = irModule("bridge", [
      list(
        "wide",
        keys,
        keys.map((key) => leaf(key)),
      ),
    ]);
    assert.throws(() => generateProto([wide], "bridge", undefined), /has 16 keys, more than 15/);
  });
});

function container(name: string, children: IrModule["data"]) {
  return { kind: "container" as const, name, module: "bridge", config: true, children };
}

function module(...leaves: ReturnType<typeof leaf>[]): IrModule {
  return irModule("bridge", [list("bridge", ["name"], leaves)]);
}

function changed(what: string): RegExp {
  return new RegExp(`its ${what} changed from .* to .*: make a v2`);
}

function numbersIn(proto: string, message: string): Record<string, number> {
  const type = protobuf.parse(proto, { keepCase: true }).root.lookupType(message);
  return Object.fromEntries(type.fieldsArray.map(({ name, id }) => [name, id]));
}

function compile(name: string, proto: string) {
  assert.match(proto, packageLines);
  const dir = mkdtempSync(join(tmpdir(), "yangplane-proto-"));
  try {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), proto);
    const out = join(dir, "set.pb");
    execFileSync("protoc", [`-I${dir}`, "-Iproto", `--descriptor_set_out=${out}`, name]);
    return decodeFileDescriptorSet(readFileSync(out));
  } finally {
    rmSync(dir, { recursive: true });
  }
}
