import type {
  IrExtension,
  IrMust,
  IrType,
  IrWhen,
  IrXpath,
} from "../../src/datamodel/schema/ir.ts";
import type { Identities } from "./identity.ts";
import { optional } from "./optional.ts";
import type { Origin } from "./origin.ts";
import type { SourceLibrary } from "./source.ts";
import { childrenOf, type Statement } from "./statement.ts";
import { complaint } from "./type.ts";
import { qualifyXpath } from "./xpath-names.ts";

/** A node of the compiled form with what it came from. */
export interface Pair {
  readonly compiled: Statement;
  readonly origin: Origin;
}

/** Reads what libyang's compiled form tells only in part from the statements as written. */
export class WrittenStatements {
  readonly #library: SourceLibrary;
  readonly #identities: Identities;

  constructor(library: SourceLibrary, identities: Identities) {
    this.#library = library;
    this.#identities = identities;
  }

  extensionsIn(statement: Statement): IrExtension[] {
    const instances = statement.children.filter(({ keyword }) => keyword.includes(":"));
    return instances.map((instance) => {
      const { module, name } = this.#library.resolveName(instance.keyword, instance);
      return { name: `${module}:${name}`, ...optional("argument", instance.argument) };
    });
  }

  whens({ compiled, origin }: Pair): IrWhen[] | undefined {
    const own = origin.statements.flatMap((statement) => childrenOf(statement, "when"));
    const isData = origin.keyword !== "choice" && origin.keyword !== "case";
    const written = [
      ...own.map((when) => ({ when, context: isData ? ("self" as const) : ("parent" as const) })),
      ...origin.inheritedWhens.map((when) => ({ when, context: "parent" as const })),
    ];
    const whens = childrenOf(compiled, "when").map((statement) => {
      const index = written.findIndex(({ when }) => sameText(when, statement));
      const [found] = index === -1 ? [] : written.splice(index, 1);
      if (!found) throw this.lost(origin, `when "${statement.argument}"`);
      return { ...this.xpath(found.when, origin.module), context: found.context };
    });
    return nonEmpty(whens);
  }

  musts({ compiled, origin }: Pair): { musts?: readonly IrMust[] } {
    const written = origin.statements.flatMap((statement) => childrenOf(statement, "must"));
    const musts = childrenOf(compiled, "must").map((statement) => {
      const found = written.find((must) => sameText(must, statement));
      if (!found) throw this.lost(origin, `must "${statement.argument}"`);
      return { ...this.xpath(found, origin.module), ...complaint(statement) };
    });
    return optional("musts", nonEmpty(musts));
  }

  /** From the text as written: libyang prints the leaf names without the way to them. */
  uniques({ compiled, origin }: Pair): string[][][] | undefined {
    const paths = new Map<string, string[][]>();
    for (const statement of origin.statements) {
      for (const { argument } of childrenOf(statement, "unique")) {
        const leaves = words(argument).map((path) => path.split("/").map(localName));
        const key = JSON.stringify(leaves);
        if (statement.argument === "delete") paths.delete(key);
        else paths.set(key, leaves);
      }
    }
    const [definition] = origin.statements;
    if (definition && paths.size !== childrenOf(compiled, "unique").length) {
      throw this.#library.error(
        definition,
        "libyang sees other unique statements than are written",
      );
    }
    return nonEmpty([...paths.values()]);
  }

  xpath(written: Statement, module: string): IrXpath {
    return { expression: this.#qualified(written), module };
  }

  #qualified(written: Statement): string {
    const names = {
      module: (prefix: string) => this.#library.prefixModule(prefix, written),
      isIdentity: (of: string, name: string) => this.#identities.has(of, name),
    };
    return qualifyXpath(written.argument ?? "", names, (prefix) =>
      this.#library.error(written, `unknown prefix "${prefix}"`),
    );
  }

  /**
   * A default with module names for prefixes. libyang 2 and 3 print it so, version 4 as it was
   * `written`.
   */
  defaultText(printed: string, type: IrType, written: readonly Statement[]): string {
    const statement = written.find(({ argument }) => argument === printed);
    if (statement === undefined || !mayNameNodes(type)) return printed;
    if (printed.startsWith("/")) return this.#qualified(statement);
    const [prefix = "", name] = printed.split(":");
    const module = this.#library.prefixModule(prefix, statement);
    if (module === undefined || name === undefined) return printed;
    return this.#identities.has(module, name) ? `${module}:${name}` : printed;
  }

  /** libyang's result has something that is written nowhere: ours is not to guess. */
  lost(origin: Origin, what: string): Error {
    const [definition] = origin.statements;
    const message = `cannot tell where ${what} of ${origin.name} is written`;
    return definition ? this.#library.error(definition, message) : new Error(message);
  }
}

/** What a leafref refers to is not known yet. */
function mayNameNodes(type: IrType): boolean {
  if (type.base === "union") return type.types.some(mayNameNodes);
  return ["identityref", "instance-identifier", "leafref"].includes(type.base);
}

/** Printing and reading again may change how an expression is indented. */
function sameText(a: Statement, b: Statement): boolean {
  const normal = ({ argument = "" }: Statement) => argument.replace(/\s+/g, " ");
  return normal(a) === normal(b);
}

export function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}

export function words(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

export function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
