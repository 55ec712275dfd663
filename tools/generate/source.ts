import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { YangContext, YangModule } from "../libyang/libyang.ts";
import { requireCovered } from "./covered-statements.ts";
import {
  argumentOf,
  childOf,
  childrenOf,
  GenerateError,
  parseStatement,
  type Statement,
} from "./statement.ts";

/**
 * The modules as their authors wrote them. libyang's compiled form has lost typedef names, the
 * prefixes of XPath expressions and where a `when` came from; those are looked up here.
 */

/** One file: a module or one of its submodules. */
export interface Source {
  readonly root: Statement;
  /** For messages: a file name, or `module (built into libyang)`. */
  readonly file: string;
  /** The module, also for a submodule. */
  readonly module: string;
  /** Own and imported prefixes. */
  readonly imports: ReadonlyMap<string, Import>;
}

interface Import {
  readonly module: string;
  readonly revision: string | undefined;
}

/** A module with its submodules. */
export interface ModuleSource {
  readonly name: string;
  readonly revision: string | undefined;
  readonly implemented: boolean;
  readonly yang: YangModule;
  /** The module itself first. */
  readonly sources: readonly Source[];
}

export class SourceLibrary {
  readonly modules: readonly ModuleSource[];
  readonly #byName = new Map<string, ModuleSource[]>();
  readonly #bySource = new Map<Statement, Source>();
  readonly #owner = new Map<Source, ModuleSource>();

  constructor(context: YangContext) {
    this.modules = context.modules().map((module) => readModule(context, module));
    for (const module of this.modules) {
      const sameName = this.#byName.get(module.name) ?? [];
      this.#byName.set(module.name, [...sameName, module]);
      for (const source of module.sources) {
        this.#bySource.set(source.root, source);
        this.#owner.set(source, module);
      }
    }
  }

  /** The implemented revision, or else the newest. */
  module(name: string): ModuleSource | undefined {
    const candidates = this.#byName.get(name) ?? [];
    const newestFirst = candidates.toSorted((a, b) =>
      (b.revision ?? "").localeCompare(a.revision ?? ""),
    );
    return newestFirst.find(({ implemented }) => implemented) ?? newestFirst[0];
  }

  sourceOf(statement: Statement): Source {
    let root = statement;
    while (root.parent) root = root.parent;
    const source = this.#bySource.get(root);
    if (!source) throw new Error(`statement ${statement.keyword} is of no loaded module`);
    return source;
  }

  /** The module a prefix stands for where the statement is written; undefined: unknown prefix. */
  prefixModule(prefix: string, at: Statement): string | undefined {
    return this.sourceOf(at).imports.get(prefix)?.module;
  }

  /** Module name and local name of a reference `prefix:name` or `name` written in a statement. */
  resolveName(reference: string, at: Statement): { module: string; name: string } {
    const source = this.sourceOf(at);
    const colon = reference.indexOf(":");
    if (colon === -1) return { module: source.module, name: reference };
    const module = source.imports.get(reference.slice(0, colon))?.module;
    if (module === undefined) throw this.error(at, `unknown prefix in "${reference}"`);
    return { module, name: reference.slice(colon + 1) };
  }

  /**
   * The typedef, grouping, … that a reference means: the innermost scope first (RFC 7950 §6.2.1).
   */
  find(keyword: "typedef" | "grouping", reference: string, at: Statement): Statement {
    const source = this.sourceOf(at);
    const { module, name } = this.resolveName(reference, at);
    const found =
      module === source.module
        ? (findInScope(keyword, name, at) ??
          this.#findTopLevel(this.#owner.get(source), keyword, name))
        : this.#findTopLevel(this.#imported(source, reference), keyword, name);
    if (!found) throw this.error(at, `no ${keyword} "${reference}"`);
    return found;
  }

  #imported(source: Source, reference: string): ModuleSource | undefined {
    const target = source.imports.get(reference.slice(0, reference.indexOf(":")));
    if (!target) return undefined;
    const exact = this.#byName
      .get(target.module)
      ?.find(({ revision }) => target.revision !== undefined && revision === target.revision);
    return exact ?? this.module(target.module);
  }

  #findTopLevel(
    module: ModuleSource | undefined,
    keyword: string,
    name: string,
  ): Statement | undefined {
    for (const { root } of module?.sources ?? []) {
      const found = childrenOf(root, keyword).find(({ argument }) => argument === name);
      if (found) return found;
    }
    return undefined;
  }

  error(at: Statement, message: string): GenerateError {
    return new GenerateError(this.sourceOf(at).file, at.line, message);
  }
}

function findInScope(keyword: string, name: string, at: Statement): Statement | undefined {
  for (let scope = at.parent; scope; scope = scope.parent) {
    const found = childrenOf(scope, keyword).find(({ argument }) => argument === name);
    if (found) return found;
  }
  return undefined;
}

function readModule(context: YangContext, yang: YangModule): ModuleSource {
  const main = readSource(context, yang);
  const sources = [main];
  for (const source of sources) {
    for (const include of childrenOf(source.root, "include")) {
      const name = include.argument ?? "";
      if (sources.some(({ root }) => root.argument === name)) continue;
      sources.push(readSubmodule(context, include, source.file));
    }
  }
  const { name, revision, implemented } = yang;
  return { name, revision, implemented, yang, sources };
}

/** The file where there is one (its lines are the author's), else what libyang holds. */
function readSource(context: YangContext, yang: YangModule): Source {
  const file = context.fileOf(yang.name, yang.revision);
  if (file?.endsWith(".yang")) {
    const root = parseStatement(readFileSync(file, "utf8"), file);
    if (newestRevision(root) === yang.revision) return toSource(root, file);
  }
  const place = `${yang.name} (as libyang holds it)`;
  return toSource(parseStatement(yang.text, place), place);
}

function readSubmodule(context: YangContext, include: Statement, includer: string): Source {
  const name = include.argument ?? "";
  const file = context.fileOf(name, argumentOf(include, "revision-date"));
  if (!file?.endsWith(".yang")) {
    throw new GenerateError(includer, include.line, `submodule ${name} is not in a YANG file`);
  }
  return toSource(parseStatement(readFileSync(file, "utf8"), file), basename(file));
}

export function newestRevision(root: Statement): string | undefined {
  return childrenOf(root, "revision")
    .map(({ argument }) => argument ?? "")
    .toSorted()
    .at(-1);
}

function toSource(root: Statement, file: string): Source {
  requireCovered(root, file);
  const belongsTo = childOf(root, "belongs-to");
  const module = belongsTo?.argument ?? root.argument ?? "";
  const prefix = argumentOf(belongsTo ?? root, "prefix") ?? "";
  const imports = new Map<string, Import>([[prefix, { module, revision: undefined }]]);
  for (const statement of childrenOf(root, "import")) {
    imports.set(argumentOf(statement, "prefix") ?? "", {
      module: statement.argument ?? "",
      revision: argumentOf(statement, "revision-date"),
    });
  }
  return { root, file, module, imports };
}
