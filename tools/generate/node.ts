import type {
  IrAnydata,
  IrCase,
  IrChoice,
  IrContainer,
  IrExtension,
  IrLeaf,
  IrLeafList,
  IrList,
  IrNode,
  IrNotification,
  IrOperation,
  IrParameters,
  IrType,
  IrXpath,
} from "../../src/datamodel/schema/ir.ts";
import type { Trees } from "./compile.ts";
import type { Identities } from "./identity.ts";
import type { LeafrefTargets } from "./leafref.ts";
import { optional } from "./optional.ts";
import type { Origin } from "./origin.ts";
import type { Location } from "./schema-path.ts";
import type { Source, SourceLibrary } from "./source.ts";
import { argumentOf, childOf, childrenOf, type Statement } from "./statement.ts";
import { buildType, followType } from "./type.ts";
import { localName, nonEmpty, type Pair, WrittenStatements, words } from "./written.ts";

/** A node to build, and where. */
interface Site extends Pair {
  readonly location: Location;
}

/** Builds IR nodes from libyang's compiled form and the statements they came from. */
export class NodeBuilder {
  readonly #library: SourceLibrary;
  readonly #identities: Identities;
  readonly #leafrefs: LeafrefTargets;
  readonly #written: WrittenStatements;
  /** Bases of every identityref built. */
  readonly referencedIdentities = new Set<string>();

  constructor(library: SourceLibrary, identities: Identities, leafrefs: LeafrefTargets) {
    this.#library = library;
    this.#identities = identities;
    this.#leafrefs = leafrefs;
    this.#written = new WrittenStatements(library, identities);
  }

  module(compiled: Statement, origins: readonly Origin[], name: string): Trees {
    const origin: Origin = {
      keyword: "module",
      name,
      module: name,
      statements: [],
      inheritedWhens: [],
      children: [...origins],
    };
    const top = { compiled, origin, location: { steps: [], parameters: undefined } };
    return {
      data: this.#children(top),
      rpcs: this.#below(top, "rpc").map((site) => this.#operation(site)),
      notifications: this.#notifications(top),
    };
  }

  moduleExtensions(sources: readonly Source[]): IrExtension[] | undefined {
    return nonEmpty(sources.flatMap(({ root }) => this.#written.extensionsIn(root)));
  }

  #children(parent: Site): IrNode[] {
    const sites = this.#below(parent, ...dataKeywords);
    return sites.map((site) => this.#data(site));
  }

  /** Child nodes of some kinds, each with its origin; one name may be there from two modules. */
  #below(parent: Site, ...keywords: string[]): Site[] {
    const taken = new Set<Origin>();
    const nodes = parent.compiled.children.filter(({ keyword }) => keywords.includes(keyword));
    return nodes.map((compiled) => {
      const origin = parent.origin.children.find(
        (candidate) =>
          candidate.keyword === compiled.keyword &&
          candidate.name === compiled.argument &&
          !taken.has(candidate),
      );
      if (!origin)
        throw this.#written.lost(parent.origin, `${compiled.keyword} ${compiled.argument}`);
      taken.add(origin);
      return { compiled, origin, location: enter(parent.location, origin) };
    });
  }

  #data(site: Site): IrNode {
    switch (site.compiled.keyword) {
      case "container":
        return this.#container(site);
      case "list":
        return this.#list(site);
      case "leaf":
        return this.#leaf(site);
      case "leaf-list":
        return this.#leafList(site);
      case "choice":
        return this.#choice(site);
      default:
        return this.#anydata(site);
    }
  }

  #container(site: Site): IrContainer {
    const presence = childOf(site.compiled, "presence") && lastArgument(site.origin, "presence");
    return {
      kind: "container",
      ...this.#common(site),
      ...optional("presence", presence),
      ...this.#written.musts(site),
      children: this.#children(site),
      ...this.#parentExtras(site),
    };
  }

  #list(site: Site): IrList {
    return {
      kind: "list",
      ...this.#common(site),
      // From the text as written: libyang 2.1.30 prints keys without blanks between them.
      keys: words(lastArgument(site.origin, "key")).map(localName),
      userOrdered: isUserOrdered(site.origin),
      ...elementBounds(site.compiled),
      ...optional("uniques", this.#written.uniques(site)),
      ...this.#written.musts(site),
      children: this.#children(site),
      ...this.#parentExtras(site),
    };
  }

  #parentExtras(site: Site): {
    actions?: readonly IrOperation[];
    notifications?: readonly IrNotification[];
  } {
    const actions = this.#below(site, "action").map((action) => this.#operation(action));
    return {
      ...optional("actions", nonEmpty(actions)),
      ...optional("notifications", nonEmpty(this.#notifications(site))),
    };
  }

  #leaf(site: Site): IrLeaf {
    const { compiled } = site;
    const type = this.#type(site);
    return {
      kind: "leaf",
      ...this.#common(site),
      type,
      mandatory: isMandatory(compiled),
      ...optional("default", this.#defaults(site, type)[0]),
      ...optional("units", argumentOf(compiled, "units")),
      ...this.#written.musts(site),
    };
  }

  #leafList(site: Site): IrLeafList {
    const { compiled, origin } = site;
    const type = this.#type(site);
    return {
      kind: "leaf-list",
      ...this.#common(site),
      type,
      userOrdered: isUserOrdered(origin),
      ...elementBounds(compiled),
      ...optional("defaults", nonEmpty(this.#defaults(site, type))),
      ...optional("units", argumentOf(compiled, "units")),
      ...this.#written.musts(site),
    };
  }

  #defaults({ compiled, origin }: Site, type: IrType): string[] {
    const typedefs = this.#writtenTypes(origin).flatMap((written) => {
      return followType(written, this.#library).typedefs;
    });
    const written = [...origin.statements, ...typedefs];
    const defaults = written.flatMap((statement) => childrenOf(statement, "default"));
    return childrenOf(compiled, "default").map(({ argument = "" }) => {
      return this.#written.defaultText(argument, type, defaults);
    });
  }

  #writtenTypes({ statements }: Origin): Statement[] {
    return statements.flatMap((statement) => childrenOf(statement, "type"));
  }

  #anydata(site: Site): IrAnydata {
    return {
      kind: site.compiled.keyword === "anyxml" ? "anyxml" : "anydata",
      ...this.#common(site),
      mandatory: isMandatory(site.compiled),
      ...this.#written.musts(site),
    };
  }

  #choice(site: Site): IrChoice {
    return {
      kind: "choice",
      ...this.#common(site),
      mandatory: isMandatory(site.compiled),
      ...optional("default", argumentOf(site.compiled, "default")),
      cases: this.#below(site, "case").map((each) => this.#case(each)),
    };
  }

  #case(site: Site): IrCase {
    return { kind: "case", ...this.#anyCommon(site), children: this.#children(site) };
  }

  #operation(site: Site): IrOperation {
    return {
      kind: "operation",
      ...this.#anyCommon(site),
      input: this.#parameters(site, "input"),
      output: this.#parameters(site, "output"),
    };
  }

  #parameters(operation: Site, direction: "input" | "output"): IrParameters {
    const compiled = childOf(operation.compiled, direction);
    const origin = operation.origin.children.find(({ keyword }) => keyword === direction);
    if (!compiled || !origin) return { children: [] };
    const { steps } = operation.location;
    const location = {
      steps: [...steps, { module: origin.module, name: direction }],
      parameters: { depth: steps.length, direction },
    };
    const site = { compiled, origin, location };
    return { children: this.#children(site), ...this.#written.musts(site) };
  }

  #notifications(site: Site): IrNotification[] {
    return this.#below(site, "notification").map((each) => ({
      kind: "notification",
      ...this.#anyCommon(each),
      children: this.#children(each),
      ...this.#written.musts(each),
    }));
  }

  #common(site: Site) {
    // libyang prints no config inside operations and notifications, where there is none.
    return {
      ...this.#anyCommon(site),
      config: argumentOf(site.compiled, "config") !== "false",
    };
  }

  #anyCommon(site: Site) {
    const { compiled, origin } = site;
    const extensions = origin.statements.flatMap((statement) =>
      this.#written.extensionsIn(statement),
    );
    return {
      name: origin.name,
      module: origin.module,
      ...optional("description", argumentOf(compiled, "description")),
      ...optional("reference", argumentOf(compiled, "reference")),
      ...optional("status", statusOf(compiled)),
      ...optional("when", this.#written.whens(site)),
      ...optional("extensions", nonEmpty(extensions)),
    };
  }

  #type({ compiled, origin, location }: Site): IrType {
    const type = childOf(compiled, "type");
    const last = this.#writtenTypes(origin).at(-1);
    if (!type || !last) throw this.#written.lost(origin, "type");
    const site = {
      xpath: (statement: Statement) => this.#written.xpath(statement, origin.module),
      leafref: (path: IrXpath, requireInstance: boolean) =>
        this.#leafrefs.make(path, requireInstance, location),
    };
    const built = buildType(type, last, site, {
      library: this.#library,
      identities: this.#identities,
    });
    this.#noteIdentities(built);
    return built;
  }

  #noteIdentities(type: IrType): void {
    if (type.base === "identityref") {
      for (const base of type.bases) this.referencedIdentities.add(base);
    }
    if (type.base === "union") for (const member of type.types) this.#noteIdentities(member);
  }
}

const dataKeywords = ["container", "list", "leaf", "leaf-list", "choice", "anydata", "anyxml"];

function enter(parent: Location, origin: Origin): Location {
  if (origin.keyword === "choice" || origin.keyword === "case") return parent;
  const { module, name } = origin;
  return { ...parent, steps: [...parent.steps, { module, name }] };
}

function statusOf(compiled: Statement): "deprecated" | "obsolete" | undefined {
  const status = argumentOf(compiled, "status");
  return status === "deprecated" || status === "obsolete" ? status : undefined;
}

function isMandatory(compiled: Statement): boolean {
  return argumentOf(compiled, "mandatory") === "true";
}

/** As written: from version 3 on libyang prints that of all lists of state. */
function isUserOrdered(origin: Origin): boolean {
  return lastArgument(origin, "ordered-by") === "user";
}

// How libyang prints that there is no upper bound.
const unbounded = 4294967295;

function elementBounds(compiled: Statement): { minElements?: number; maxElements?: number } {
  const min = Number(argumentOf(compiled, "min-elements") ?? 0);
  const max = Number(argumentOf(compiled, "max-elements") ?? unbounded);
  return {
    ...optional("minElements", min === 0 ? undefined : min),
    ...optional("maxElements", max === unbounded ? undefined : max),
  };
}

function lastArgument(origin: Origin, keyword: string): string | undefined {
  return origin.statements.map((each) => argumentOf(each, keyword)).findLast((each) => each);
}
