import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { compileModules, type ModuleRequest } from "./compile.ts";
import { foreignContract, ownContract, supportModule } from "./contract.ts";
import { protoFiles, writeFiles } from "./output.ts";
import { printTypescript } from "./typescript.ts";

const usage = `usage: yangplane-gen -p <search-dir>… --out <dir> [options] <module>…
       yangplane-gen --service <dir>

Makes TypeScript types, schema and paths (<dir>/<module>.ts) and a gRPC
interface (<dir>/yangplane/<module>/v1/<module>.proto) of YANG modules.

  -p, --path <dir>               where modules are searched for, with subfolders;
                                 repeatable
      --out <dir>                where to write
      --lock <file>              keep field numbers in this one file;
                                 default: a .lock.json beside each .proto
  -F, --features <module>:<a,b>  these features of a module only; default: all
  -h, --help                     this text

With --service, builds the service in a folder that holds <name>.yang,
<name>.bpf.c and service.ts: all that yangplaned loads is in <dir>/build
afterwards, the field numbers in <dir>/<name>.lock.json.
`;

interface Arguments {
  readonly path: readonly string[];
  readonly out: string;
  readonly lock: string | undefined;
  readonly features: readonly string[];
  readonly modules: readonly string[];
}

/** The command line is wrong; the message says how. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The folder with package.json: two levels up in the checkout, three in dist. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** A folder of a service is built, or modules are generated from. */
function readArguments(argv: readonly string[]): Arguments | { service: string } | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      path: { type: "string", short: "p", multiple: true, default: [] },
      out: { type: "string" },
      lock: { type: "string" },
      features: { type: "string", short: "F", multiple: true, default: [] },
      service: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  if (values.service !== undefined) return { service: serviceFolder(values, positionals) };
  if (!values.out) throw new UsageError("--out is missing");
  if (positionals.length === 0) throw new UsageError("no module is named");
  const { path, out, lock, features } = values;
  return { path, out, lock, features, modules: positionals };
}

function serviceFolder(values: { service?: string; out?: string }, modules: readonly string[]) {
  if (modules.length > 0 || values.out !== undefined) {
    throw new UsageError("--service takes a folder and nothing else");
  }
  return values.service ?? "";
}

function requests({ modules, features }: Arguments): ModuleRequest[] {
  const chosen = new Map(features.map(parseFeatures));
  return [...new Set([...chosen.keys(), ...modules])].map((name) => {
    const ofModule = chosen.get(name);
    return ofModule === undefined ? { name } : { name, features: ofModule };
  });
}

function parseFeatures(text: string): [string, string[]] {
  const colon = text.indexOf(":");
  if (colon === -1) throw new UsageError(`--features ${text}: expected <module>:<feature>,…`);
  const names = text.slice(colon + 1).split(",");
  return [text.slice(0, colon), names.filter((name) => name !== "")];
}

/** What a user asked for: output that stands by itself in one folder. */
function generateForeign(given: Arguments): void {
  const root = packageRoot();
  const modules = compileModules(requests(given), given.path);
  const support = supportModule(root);
  const core = "yangplane/core/v1/core.proto";
  const sources = modules.map((module) => {
    return [`${module.name}.ts`, printTypescript(module, foreignContract)] as const;
  });
  const texts = [
    ...sources,
    [support.file, support.text] as const,
    [core, readFileSync(join(root, "proto", core), "utf8")] as const,
  ];
  writeFiles(
    new Map([
      ...protoFiles(modules, { root: given.out, lockFile: given.lock }),
      ...texts.map(([file, text]) => [join(given.out, file), text] as const),
    ]),
  );
  for (const { name } of modules) console.log(name);
}

/** `make generate`: every service model of the checkout, to where it is checked in. */
function generateOwn(root: string): void {
  const names = readdirSync(join(root, "yang"))
    .filter((file) => file.endsWith(".yang"))
    .map((file) => file.replace(/\.yang$/, ""))
    .toSorted();
  const modules = compileModules(
    names.map((name) => ({ name })),
    [join(root, "yang")],
  );
  const sources = modules.map((module) => {
    const file = join(root, "src/gen/yang", `${module.name}.ts`);
    return [file, printTypescript(module, ownContract)] as const;
  });
  const protos = protoFiles(modules, { root: join(root, "proto"), lockFile: undefined });
  writeFiles(new Map([...sources, ...protos]));
}

/** Loaded for this only: it brings the TypeScript compiler. */
async function generateService(folder: string, root: string): Promise<void> {
  const { buildService } = await import("../service/build.ts");
  console.log(await buildService(folder, root));
}

async function main(argv: readonly string[]): Promise<void> {
  const root = packageRoot();
  // The sources run only in a checkout: there, without arguments, for the checkout itself.
  if (argv.length === 0 && import.meta.filename.endsWith(".ts")) {
    generateOwn(root);
    return;
  }
  const given = readArguments(argv);
  if (given === undefined) console.log(usage);
  else if ("service" in given) await generateService(given.service, root);
  else generateForeign(given);
}

/** One line for what the user can put right; a stack for what is our fault. */
const expected = new Set([
  "UsageError",
  "BuildError",
  "YangError",
  "LibraryError",
  "GenerateError",
  "GenerationError",
  "OutputError",
]);

function report(error: unknown): void {
  if (!(error instanceof Error)) throw error;
  const isArgument = "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  const isFile = "syscall" in error;
  if (!expected.has(error.name) && !isArgument && !isFile) throw error;
  console.error(`yangplane-gen: ${error.message}`);
  process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  report(error);
}
