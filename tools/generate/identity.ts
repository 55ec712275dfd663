import type { IrIdentity } from "../../src/datamodel/schema/ir.ts";
import { areFeaturesOn } from "./feature.ts";
import type { ModuleSource, SourceLibrary } from "./source.ts";
import { argumentOf, childrenOf, type Statement } from "./statement.ts";

/** All identities of a set of modules, with their bases by full name. */
export class Identities {
  readonly #library: SourceLibrary;
  readonly #isFeatureOn: (module: string, feature: string) => boolean;
  readonly #statements = new Map<string, Statement>();
  readonly #usable = new Set<string>();

  constructor(library: SourceLibrary, isFeatureOn: (module: string, feature: string) => boolean) {
    this.#library = library;
    this.#isFeatureOn = isFeatureOn;
    // Import-only modules first, so that the implemented revision of a module wins.
    const modules = library.modules.toSorted(
      (a, b) => Number(a.implemented) - Number(b.implemented),
    );
    for (const module of modules) this.#collect(module);
  }

  #collect({ name, sources, implemented }: ModuleSource): void {
    for (const identity of sources.flatMap(({ root }) => childrenOf(root, "identity"))) {
      const fullName = `${name}:${identity.argument}`;
      this.#statements.set(fullName, identity);
      if (implemented && areFeaturesOn(identity, this.#library, this.#isFeatureOn)) {
        this.#usable.add(fullName);
      }
    }
  }

  has(module: string, name: string): boolean {
    return this.#statements.has(`${module}:${name}`);
  }

  /** What a `base` statement names, as `module:identity`. */
  nameOfBase(base: Statement): string {
    const { module, name } = this.#library.resolveName(base.argument ?? "", base);
    return `${module}:${name}`;
  }

  /** The identities of a module, and those derived from what it references. */
  ofModule(module: string, referenced: ReadonlySet<string>): IrIdentity[] {
    const names = [...this.#usable].filter(
      (name) =>
        name.startsWith(`${module}:`) ||
        this.#ancestors(name).some((ancestor) => referenced.has(ancestor)),
    );
    return names.toSorted().map((name) => this.#describe(name));
  }

  #describe(name: string): IrIdentity {
    const statement = this.#statements.get(name);
    const description = statement && argumentOf(statement, "description");
    return {
      name,
      bases: this.#bases(name).flatMap((base) => this.#usableBases(base)),
      ...(description === undefined ? {} : { description }),
    };
  }

  /**
   * A base no value may have (its module is only imported) stays as the end of a chain, together
   * with its own bases: whoever links the identities does not know it.
   */
  #usableBases(base: string): string[] {
    return this.#usable.has(base) ? [base] : [base, ...this.#ancestors(base)];
  }

  #bases(name: string): string[] {
    const statement = this.#statements.get(name);
    return statement ? childrenOf(statement, "base").map((base) => this.nameOfBase(base)) : [];
  }

  #ancestors(name: string): string[] {
    const direct = this.#bases(name);
    return [...new Set([...direct, ...direct.flatMap((base) => this.#ancestors(base))])];
  }
}
