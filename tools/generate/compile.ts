import type {
  IrModule,
  IrNode,
  IrNotification,
  IrOperation,
} from "../../src/datamodel/schema/ir.ts";
import { YangContext } from "../libyang/libyang.ts";
import { Identities } from "./identity.ts";
import { LeafrefTargets } from "./leafref.ts";
import { NodeBuilder } from "./node.ts";
import { optional } from "./optional.ts";
import { traceOrigins } from "./origin.ts";
import { type ModuleSource, newestRevision, SourceLibrary } from "./source.ts";
import { argumentOf, childrenOf, parseCompiled } from "./statement.ts";

/** A module to compile, and which of its features are on; without a list: all. */
export interface ModuleRequest {
  readonly name: string;
  readonly features?: readonly string[];
}

/**
 * Compiles YANG modules to the IR. The result has the modules asked for and every module that one
 * of them augments, in the order of their names.
 * @throws YangError where libyang refuses, GenerateError where we do
 */
export function compileModules(
  requests: readonly ModuleRequest[],
  searchDirs: readonly string[],
): IrModule[] {
  using context = new YangContext({ searchDirs });
  for (const { name, features } of requests) context.load(name, features ?? ["*"]);
  return compileContext(
    context,
    requests.map(({ name }) => name),
  );
}

/** As `compileModules`, for modules already loaded. */
export function compileContext(context: YangContext, names: readonly string[]): IrModule[] {
  const library = new SourceLibrary(context);
  const implemented = library.modules.filter(
    ({ name, implemented }) => implemented && name !== annotations,
  );
  const isFeatureOn = (name: string, feature: string): boolean => {
    const module = library.module(name);
    return module !== undefined && context.isFeatureOn(module.yang, feature);
  };
  const identities = new Identities(library, isFeatureOn);
  const origins = traceOrigins(library);
  const leafrefs = new LeafrefTargets();
  const compiled = implemented.map((module) => {
    const { root } = mainSource(module);
    const text = parseCompiled(context.printCompiled(module.yang), `${module.name} (compiled)`);
    const builder = new NodeBuilder(library, identities, leafrefs);
    const trees = builder.module(text, origins.get(module.name) ?? [], module.name);
    const header = {
      name: module.name,
      namespace: argumentOf(root, "namespace") ?? "",
      prefix: argumentOf(root, "prefix") ?? "",
      ...optional("revision", newestRevision(root)),
      ...optional("description", argumentOf(root, "description")),
      features: featuresOf(module, isFeatureOn),
      ...optional("extensions", builder.moduleExtensions(module.sources)),
    };
    return { header, trees, referenced: builder.referencedIdentities };
  });
  leafrefs.fill(compiled.flatMap(({ trees }) => [trees]));
  const wanted = new Set([...names, ...augmentedBy(names, library)]);
  return compiled
    .filter(({ header }) => wanted.has(header.name))
    .map(({ header, trees, referenced }) => ({
      ...header,
      identities: identities.ofModule(header.name, referenced),
      ...trees,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** libyang's own module for metadata. It has no data, though version 4 prints a leaf in it. */
const annotations = "yang";

/** The parts of a module that hold schema nodes. */
export interface Trees {
  readonly data: readonly IrNode[];
  readonly rpcs: readonly IrOperation[];
  readonly notifications: readonly IrNotification[];
}

function mainSource(module: ModuleSource) {
  const [main] = module.sources;
  if (!main) throw new Error(`module ${module.name} has no source`);
  return main;
}

function featuresOf(
  module: ModuleSource,
  isOn: (module: string, feature: string) => boolean,
): string[] {
  return module.sources
    .flatMap(({ root }) => childrenOf(root, "feature"))
    .map(({ argument }) => argument ?? "")
    .filter((feature) => isOn(module.name, feature))
    .toSorted();
}

function augmentedBy(names: readonly string[], library: SourceLibrary): string[] {
  const sources = library.modules.filter(({ name }) => names.includes(name));
  const augments = sources
    .flatMap((module) => module.sources)
    .flatMap(({ root }) => childrenOf(root, "augment"));
  return augments.map((augment) => {
    const [, first = ""] = (augment.argument ?? "").split("/");
    return library.resolveName(first.trim(), augment).module;
  });
}
