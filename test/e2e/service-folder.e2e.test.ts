import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { entryObject } from "../../src/gen/bpf/entry.ts";
import { simplebridgeObject } from "../../src/gen/bpf/simplebridge.ts";
import { coreMapsOf } from "../../src/services/discover.ts";
import { readServiceFolder, ServiceFolderError } from "../../src/services/service-folder.ts";
import { ServiceFolder } from "../support/service-folder.ts";

const core = coreMapsOf([entryObject, simplebridgeObject]);

interface Hostile {
  readonly what: string;
  readonly spoil: (folder: ServiceFolder) => void;
  readonly says: RegExp;
}

function changeManifest(folder: ServiceFolder, change: object): void {
  const manifest = JSON.parse(folder.text("build/service.json")) as object;
  folder.write("build/service.json", JSON.stringify({ ...manifest, ...change }));
}

/** The one file of a build that ends so, below its program folder. */
function inProgram(folder: ServiceFolder, file: string): string {
  const program = readdirSync(folder.file("build")).find((name) => name.startsWith("program-"));
  return join("build", program ?? "", file);
}

function changeModule(folder: ServiceFolder, change: (text: string) => string): void {
  const file = inProgram(folder, "service.js");
  folder.write(file, change(folder.text(file)));
}

/** Compiles a changed program and puts its object into the build of the unchanged one. */
function swapObject(folder: ServiceFolder, change: (other: ServiceFolder) => void): void {
  using other = new ServiceFolder();
  change(other);
  other.build();
  cpSync(other.file(object), folder.file(object));
}

/** Puts something in a file's place that is no file. */
function replace(folder: ServiceFolder, file: string, by: "fifo" | "folder"): void {
  folder.remove(file);
  if (by === "folder") mkdirSync(folder.file(file));
  else execFileSync("mkfifo", [folder.file(file)]);
}

const program = "packetcounter.bpf.c";
const object = "build/packetcounter.bpf.o";
const lock = "build/packetcounter.lock.json";
const manifest = "build/service.json";

/** What cannot be read to its end, or not at once; with `…` for where the folder is. */
const unreadable: readonly Hostile[] = [
  ...[object, lock, manifest].flatMap((file) =>
    (["fifo", "folder"] as const).map((by) => ({
      what: `a ${by} in place of ${file}`,
      spoil: (folder: ServiceFolder) => replace(folder, file, by),
      says: new RegExp(`^…: …/${file} is no regular file$`),
    })),
  ),
  {
    what: "a FIFO in place of its module",
    spoil: (folder) => replace(folder, inProgram(folder, "service.js"), "fifo"),
    says: /^…: …\/build\/program-\w+\/service\.js is no regular file$/,
  },
  {
    what: "a FIFO in place of what its module imports",
    spoil: (folder) => replace(folder, inProgram(folder, "build/model.js"), "fifo"),
    says: /^…: …\/build\/program-\w+\/build\/model\.js is no regular file$/,
  },
  {
    what: "a manifest that is huge",
    spoil: (folder) => truncateSync(folder.file(manifest), 2 ** 40),
    says: /^…: …\/build\/service\.json has 1099511627776 bytes, more than 65536$/,
  },
  {
    what: "an object that is huge",
    spoil: (folder) => truncateSync(folder.file(object), 2 ** 40),
    says: /^…: …\/build\/packetcounter\.bpf\.o has 1099511627776 bytes, more than 67108864$/,
  },
  {
    what: "a module that is huge",
    spoil: (folder) => truncateSync(folder.file(inProgram(folder, "service.js")), 2 ** 40),
    says: /^…: …\/.*service\.js has 1099511627776 bytes, more than 67108864$/,
  },
];

const hostile: readonly Hostile[] = [
  ...unreadable,
  {
    what: "no build",
    spoil: (folder) => folder.remove("build"),
    says: /…: no build\/service\.json: build it with yangplane-gen --service$/,
  },
  {
    what: "a manifest that is none",
    spoil: (folder) => folder.write("build/service.json", "{"),
    says: /…: build\/service\.json is no manifest of a service$/,
  },
  {
    what: "a manifest that leads out of its folder",
    spoil: (folder) => changeManifest(folder, { module: "program-0/../../../service.js" }),
    says: /…: build\/service\.json is no manifest of a service$/,
  },
  {
    what: "a build for another version of the contract",
    spoil: (folder) => changeManifest(folder, { contract: 2 }),
    says: /…: built for version 2 of the contract, this daemon has 1: build it anew$/,
  },
  {
    what: "a model of another name",
    spoil: (folder) => {
      changeManifest(folder, { name: "counter" });
      for (const end of [".bpf.o", ".lock.json"]) {
        cpSync(folder.file(`build/packetcounter${end}`), folder.file(`build/counter${end}`));
      }
    },
    says: /…: program-\w+\/service\.js: its model: module packetcounter is not called counter$/,
  },
  {
    what: "no object",
    spoil: (folder) => folder.remove("build/packetcounter.bpf.o"),
    says: /…: ENOENT: .*packetcounter\.bpf\.o/,
  },
  {
    what: "no lock",
    spoil: (folder) => folder.remove("build/packetcounter.lock.json"),
    says: /…: ENOENT: .*packetcounter\.lock\.json/,
  },
  {
    what: "no module",
    spoil: (folder) => folder.remove(inProgram(folder, "service.js")),
    says: /…: loading …\/build\/program-\w+\/service\.js: Error: Cannot find module/,
  },
  {
    what: "a module that is not JavaScript",
    spoil: (folder) => changeModule(folder, () => "export const service = {"),
    says: /…: loading …\/build\/program-\w+\/service\.js: \w*Error: /,
  },
  {
    what: "a module that throws",
    spoil: (folder) => changeModule(folder, () => 'throw new RangeError("not today");'),
    says: /…: loading …\/build\/program-\w+\/service\.js: RangeError: not today$/,
  },
  {
    what: "a module that rejects",
    spoil: (folder) => changeModule(folder, () => 'await Promise.reject(new Error("no"));'),
    says: /…: loading …\/build\/program-\w+\/service\.js: Error: no$/,
  },
  {
    what: "a module that never ends",
    spoil: (folder) => changeModule(folder, (text) => `${text}\nawait new Promise(() => {});`),
    says: /…: loading …\/.*service\.js: Error: it is not loaded after 500 ms$/,
  },
  {
    what: "a module that exports something else",
    spoil: (folder) => changeModule(folder, (text) => text.replace("const service", "const svc")),
    says: /…: program-\w+\/service\.js: it exports no service$/,
  },
  {
    what: "a service without a model",
    spoil: (folder) => changeModule(folder, (text) => text.replace("model:", "mode:")),
    says: /…: program-\w+\/service\.js: its service has no model$/,
  },
  {
    what: "a service with a program that its object does not have",
    spoil: (folder) => changeModule(folder, (text) => text.replace('"ingress"', '"egress"')),
    says: /…: program-\w+\/service\.js: its object has no program egress$/,
  },
  {
    what: "a service that wants frames which no program hands it",
    spoil: (folder) =>
      changeModule(folder, (text) => text.replace("programs:", "punted: () => ({}), programs:")),
    says: /…: program-\w+\/service\.js: it wants frames that no program .*: include slow_path\.h$/,
  },
  {
    what: "a service whose model has another form",
    spoil: (folder) => {
      const file = inProgram(folder, "build/model.js");
      folder.write(file, folder.text(file).replaceAll('"children":', '"offspring":'));
    },
    says: /…: program-\w+\/service\.js: its service is no declaration: /,
  },
  {
    what: "a service whose object lacks what the engine writes",
    spoil: (folder) => {
      const file = inProgram(folder, "build/object.js");
      folder.write(file, folder.text(file).replace("    hops: {", "    hopes: {"));
    },
    says: /…: program-\w+\/service\.js: its object has no map hops: include cube\.h$/,
  },
  {
    what: "an object that is none",
    spoil: (folder) => folder.write("build/packetcounter.bpf.o", "\u007fELF"),
    says: /…: packetcounter\.bpf\.o: no ELF file$/,
  },
  {
    what: "an object whose row has its members in another order",
    spoil: (folder) =>
      swapObject(folder, (other) => {
        const text = other.text(program);
        const swapped = text.replace(
          "__u64 packets;\n\t__u64 bytes;",
          "__u64 bytes;\n\t__u64 packets;",
        );
        other.write(program, swapped);
      }),
    says: new RegExp(
      "…: packetcounter\\.bpf\\.o: map received: its value is 16 bytes " +
        "\\{bytes u64 at 0, packets u64 at 8\\} in the object, 16 bytes " +
        "\\{packets u64 at 0, bytes u64 at 8\\} in the service$",
    ),
  },
  {
    what: "an object with more rows",
    spoil: (folder) =>
      swapObject(folder, (other) =>
        other.change(program, "__uint(max_entries, 1);", "__uint(max_entries, 2);"),
      ),
    says: /…: packetcounter\.bpf\.o: map received: its number of rows is 2 in the object, 1 in the service$/,
  },
  {
    what: "an object with a map that the service does not know",
    spoil: (folder) =>
      swapObject(folder, (other) => {
        const map =
          /struct \{[^}]*\} received SEC\("\.maps"\);/.exec(other.text(program))?.[0] ?? "";
        other.change(program, map, `${map}\n${map.replace("} received", "} hidden")}`);
      }),
    says: /…: packetcounter\.bpf\.o: map hidden is in the object only$/,
  },
];

describe("a folder that holds a service", function () {
  this.timeout(60_000);
  let whole: ServiceFolder;

  before(() => {
    whole = new ServiceFolder();
    whole.build();
  });

  after(() => whole[Symbol.dispose]());

  it("is read as it was built", async () => {
    const { name, folder, service, object } = await readServiceFolder(whole.path, { core });

    assert.equal(name, "packetcounter");
    assert.equal(folder, whole.path);
    assert.equal(service.model.ir.name, "packetcounter");
    assert.deepEqual(object, readFileSync(whole.file("build/packetcounter.bpf.o")));
  });

  it("is named by an absolute path", async () => {
    const reading = readServiceFolder("examples/packetcounter", { core });

    await assert.rejects(reading, /^ServiceFolderError: examples\/packetcounter: the path is not/);
  });

  it("is there", async () => {
    const reading = readServiceFolder("/no/such/folder", { core });

    await assert.rejects(
      reading,
      /^ServiceFolderError: \/no\/such\/folder: there is no such folder$/,
    );
  });

  for (const { what, spoil, says } of hostile) {
    it(`is refused with the reason: ${what}`, async () => {
      using folder = new ServiceFolder(whole.path, { built: true });
      spoil(folder);

      const error = await readServiceFolder(folder.path, { core, importMaxMs: 500 }).catch(
        (refusal: unknown) => refusal,
      );

      assert.ok(error instanceof ServiceFolderError, String(error));
      assert.match(error.message.replaceAll(folder.path, "…"), says);
    });
  }

  it("is refused where the engine's own maps are those of another engine", async () => {
    const other = new Map(core);
    const hops = core.get("hops");
    assert.ok(hops);
    other.set("hops", { ...hops, value: { ...hops.value, form: "8 bytes {ifindex u32 at 0}" } });

    const reading = readServiceFolder(whole.path, { core: other });

    await assert.rejects(
      reading,
      /map hops: its value is 8 bytes \{kind enum.*, the engine has 8 bytes \{ifindex/,
    );
    other.delete("hops");
    await assert.rejects(
      readServiceFolder(whole.path, { core: other }),
      /map hops is one of an engine that is not this one/,
    );
  });
});
