import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { AnyService } from "../../src/services/any-service.ts";
import { lendContract } from "../../src/services/lent-contract.ts";
import { ServiceFolder } from "../support/service-folder.ts";

interface Spoilt {
  readonly what: string;
  readonly spoil: (folder: ServiceFolder) => void;
  readonly says: RegExp;
}

const yang = "packetcounter.yang";
const program = "packetcounter.bpf.c";

const spoilt: readonly Spoilt[] = [
  {
    what: "no model",
    spoil: (folder) => folder.remove(yang),
    says: /^yangplane-gen: …: there is no model, <name>\.yang$/m,
  },
  {
    what: "no program",
    spoil: (folder) => folder.remove("packetcounter.bpf.c"),
    says: /^yangplane-gen: …: there is no program, packetcounter\.bpf\.c$/m,
  },
  {
    what: "no service",
    spoil: (folder) => folder.remove("service.ts"),
    says: /^yangplane-gen: …: there is no service\.ts$/m,
  },
  {
    what: "two services",
    spoil: (folder) => {
      folder.write("other.yang", "");
      folder.write("other.bpf.c", "");
    },
    says: /^yangplane-gen: …: other and packetcounter are two services: a folder each$/m,
  },
  {
    what: "a model that is not YANG",
    spoil: (folder) => folder.change(yang, "    container received {", "    containr received {"),
    says: /^yangplane-gen: …\/packetcounter\.yang:27: Invalid character sequence "containr"/m,
  },
  {
    what: "a model with a type that nobody defines",
    spoil: (folder) => folder.write(yang, folder.text(yang).replace("counter64", "counter65")),
    says: /^yangplane-gen: …\/packetcounter\.yang:30: Referenced type "yang:counter65" not found\./m,
  },
  {
    what: "a model whose list is called otherwise",
    spoil: (folder) => folder.change(yang, "list packetcounter {", "list counter {"),
    says: /packetcounter\.yang:1: the one top node is to be a list called packetcounter$/m,
  },
  {
    what: "a model that lacks the leaves of every cube",
    spoil: (folder) => folder.change(yang, "uses base:cube-base;", "leaf name { type string; }"),
    says: /packetcounter\.yang:21: list packetcounter lacks uuid: uses base:cube-base$/m,
  },
  {
    what: "a model that breaks a promise of its lock",
    spoil: (folder) => {
      folder.build();
      folder.write(yang, folder.text(yang).replace("yang:counter64", "string"));
    },
    says: /received\/packets/,
  },
  {
    what: "a program that does not compile",
    spoil: (folder) => folder.change("packetcounter.bpf.c", "count(skb->len)", "count(skb->size)"),
    says: /^yangplane-gen: …\/packetcounter\.bpf\.c:\d+:\d+: error: no member named 'size'/m,
  },
  {
    what: "a program with a warning",
    spoil: (folder) =>
      folder.change("packetcounter.bpf.c", "\t__u32 row = 0;", "\t__u32 row = 0, unused = 1;"),
    says: /^yangplane-gen: …\/packetcounter\.bpf\.c:\d+:\d+: error: unused variable 'unused'/m,
  },
  {
    what: "a row that has no form in TypeScript",
    spoil: (folder) =>
      folder.change("packetcounter.bpf.c", "__u64 bytes;", "__u64 bytes;\n\tunion { int a; } u;"),
    says: /packetcounter\.bpf\.c: member u of struct packetcounter_received: a UNION has no form/,
  },
  {
    what: "a service that is not well typed",
    spoil: (folder) => folder.change("service.ts", "maps.received.get", "maps.recieved.get"),
    says: /^yangplane-gen: …\/service\.ts:\d+:\d+: Property 'recieved' does not exist on type/m,
  },
  {
    what: "a service with a program that the object does not have",
    spoil: (folder) => folder.change("service.ts", 'xdp: "xdpIngress"', 'xdp: "xdpIngres"'),
    says: /service\.ts:\d+:\d+: Type '"xdpIngres"' is not .{1,120} Did you mean '"xdpIngress"'\?$/m,
  },
  {
    what: "a service that lacks a table for a map of configuration",
    spoil: (folder) =>
      folder.change(
        "packetcounter.bpf.c",
        "} received SEC",
        "\t__uint(map_flags, BPF_F_RDONLY_PROG);\n} received SEC",
      ),
    says: /^yangplane-gen: …\/service\.ts:\d+:\d+: .*received/m,
  },
];

describe("yangplane-gen --service", function () {
  this.timeout(60_000);

  it("builds all that is loaded, and a service that needs nothing but the daemon's contract", async () => {
    using folder = new ServiceFolder();

    folder.build();

    const built = ["service.json", "packetcounter.bpf.o", "packetcounter.lock.json"];
    const proto = "yangplane/packetcounter/v1/packetcounter.proto";
    for (const file of [...built, "model.ts", "object.ts", proto]) {
      assert.ok(existsSync(folder.file("build", file)), file);
    }
    const manifest = JSON.parse(folder.text("build/service.json")) as { module: string };
    lendContract();
    const module = pathToFileURL(folder.file("build", manifest.module)).href;
    const { service } = (await import(module)) as { service: AnyService };
    assert.equal(service.model.ir.name, "packetcounter");
    const row = service.object.maps["received"]?.value.encode({ packets: 2n, bytes: 3n });
    assert.deepEqual([...(row ?? [])].filter(Boolean), [2, 3]);
  });

  it("has types for an editor, in the checkout as well", () => {
    mkdirSync("build/editor", { recursive: true });
    const folder = mkdtempSync("build/editor/");
    try {
      cpSync("examples/packetcounter", folder, { recursive: true });
      execFileSync("bin/yangplane-gen", ["--service", folder], { stdio: "pipe" });
      const compiler = ["--module", "nodenext", "--target", "es2023", "--strict", "--noEmit"];
      const flags = [...compiler, "--allowImportingTsExtensions", "--ignoreConfig"];
      const types = ["--lib", "es2023,esnext.disposable", "--types", "node"];

      const tsc = ["node_modules/typescript/bin/tsc", ...flags, ...types, `${folder}/service.ts`];
      execFileSync(process.execPath, tsc, { stdio: "inherit" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("builds the same from the same, and other modules under another path", () => {
    using folder = new ServiceFolder();
    folder.build();
    const before = folder.text("build/service.json");
    const object = folder.text("build/packetcounter.bpf.o");

    using elsewhere = new ServiceFolder();
    elsewhere.build();
    assert.equal(elsewhere.text("build/service.json"), before);
    assert.equal(elsewhere.text("build/packetcounter.bpf.o"), object);

    folder.change("service.ts", "?? 0n, bytes", "?? 7n, bytes");
    folder.build();
    assert.notEqual(folder.text("build/service.json"), before);
    const programs = readdirSync(folder.file("build")).filter((name) => /^program-/.test(name));
    assert.equal(programs.length, 1, "the earlier one is gone");
  });

  it("finds headers beside the program", () => {
    using folder = new ServiceFolder();
    const struct =
      /struct packetcounter_received \{[^}]*\};\n/.exec(folder.text(program))?.[0] ?? "";
    folder.change(program, struct, '#include "row.h"\n');
    folder.write("row.h", `#pragma once\n\n#include <linux/types.h>\n\n${struct}`);

    folder.build();

    assert.match(folder.text("build/object.ts"), /export interface PacketcounterReceived/);
  });

  it("keeps the field numbers of nodes that a later model has no more", () => {
    using folder = new ServiceFolder();
    folder.build();
    const before = JSON.parse(folder.text("packetcounter.lock.json")) as object;
    const [, bytes = ""] = /(\n {6}leaf bytes \{[^}]*\})/.exec(folder.text(yang)) ?? [];
    folder.change(yang, bytes, bytes.replace("leaf bytes", "leaf octets"));
    folder.change("service.ts", "bytes: row?.bytes", "octets: row?.bytes");

    folder.build();

    const after = JSON.parse(folder.text("packetcounter.lock.json")) as object;
    assert.deepEqual({ ...after, ...before }, after);
    assert.match(folder.text("packetcounter.lock.json"), /received\/octets/);
  });

  for (const { what, spoil, says } of spoilt) {
    it(`says where the fault is and leaves nothing to load: ${what}`, () => {
      using folder = new ServiceFolder();
      spoil(folder);

      assert.match(folder.refusal(), says);
      assert.ok(!existsSync(folder.file("build/service.json")));
    });
  }
});
