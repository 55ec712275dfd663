import { assert } from "../../lib/assert.ts";
import { valueType } from "./compile-type.ts";
import type {
  IrAnydata,
  IrChoice,
  IrContainer,
  IrExtension,
  IrIdentity,
  IrLeaf,
  IrLeafList,
  IrList,
  IrModule,
  IrMust,
  IrNode,
  IrNotification,
  IrOperation,
  IrParameters,
  IrWhen,
} from "./ir.ts";
import { propertyNames } from "./names.ts";
import type { ValueType } from "./value-type.ts";

/**
 * The run-time schema: the IR of all loaded modules, linked. Choices and cases are flattened away
 * (data is flat, RFC 7951); every data node knows the case it stands in.
 */

/** Where a data node stands in a choice; `outer` where that choice is itself inside a case. */
export interface CaseMembership {
  readonly choice: ChoiceSchema;
  readonly caseName: string;
  readonly when: readonly IrWhen[];
  readonly outer: CaseMembership | undefined;
}

export interface ChoiceSchema {
  readonly ir: IrChoice;
  readonly name: string;
  readonly mandatory: boolean;
  readonly defaultCase: string | undefined;
  /** Data nodes of each case, nested choices included. */
  readonly cases: ReadonlyMap<string, readonly DataSchema[]>;
  readonly inCase: CaseMembership | undefined;
}

interface CommonSchema {
  readonly name: string;
  readonly module: string;
  /** Property under which the parent's data object holds this node. */
  readonly prop: string;
  /** Member name in RFC 7951 JSON: qualified where the module differs from the parent's. */
  readonly jsonName: string;
  /** Schema path as in the lock file: `/simplebridge:simplebridge/ports/name`. */
  readonly path: string;
  readonly parent: ParentSchema;
  readonly config: boolean;
  readonly when: readonly IrWhen[];
  readonly inCase: CaseMembership | undefined;
  readonly extensions: readonly IrExtension[];
  /** True for a state leaf whose value the system draws once and keeps with the configuration. */
  readonly assigned: boolean;
}

interface ParentCommon {
  /** Data nodes, in schema order, choices flattened. */
  readonly children: readonly DataSchema[];
  readonly choices: readonly ChoiceSchema[];
  /** By `name` (where only one child has it) and by `module:name`. */
  readonly childByName: ReadonlyMap<string, DataSchema>;
  readonly operations: ReadonlyMap<string, OperationSchema>;
  readonly notifications: ReadonlyMap<string, NotificationSchema>;
  readonly musts: readonly IrMust[];
}

export interface RootSchema extends ParentCommon {
  readonly kind: "root";
}
export interface ContainerSchema extends CommonSchema, ParentCommon {
  readonly kind: "container";
  readonly ir: IrContainer;
  readonly presence: boolean;
}
export interface ListSchema extends CommonSchema, ParentCommon {
  readonly kind: "list";
  readonly ir: IrList;
  readonly keys: readonly LeafSchema[];
  readonly userOrdered: boolean;
}
export interface LeafSchema extends CommonSchema {
  readonly kind: "leaf";
  readonly ir: IrLeaf;
  readonly type: ValueType;
  readonly isKey: boolean;
}
export interface LeafListSchema extends CommonSchema {
  readonly kind: "leaf-list";
  readonly ir: IrLeafList;
  readonly type: ValueType;
  readonly userOrdered: boolean;
}
export interface AnydataSchema extends CommonSchema {
  readonly kind: "anydata";
  readonly ir: IrAnydata;
}
/** The input or output of an rpc or action. */
export interface ParametersSchema extends ParentCommon {
  readonly kind: "parameters";
  readonly path: string;
  readonly module: string;
}
export interface OperationSchema {
  readonly name: string;
  readonly module: string;
  readonly path: string;
  readonly parent: ParentSchema;
  readonly ir: IrOperation;
  readonly input: ParametersSchema;
  readonly output: ParametersSchema;
}
export interface NotificationSchema extends ParentCommon {
  readonly kind: "notification";
  readonly name: string;
  readonly module: string;
  readonly path: string;
  readonly parent: ParentSchema;
  readonly ir: IrNotification;
}

export type DataSchema = ContainerSchema | ListSchema | LeafSchema | LeafListSchema | AnydataSchema;
export type ParentSchema =
  | RootSchema
  | ContainerSchema
  | ListSchema
  | ParametersSchema
  | NotificationSchema;

/** All loaded modules. Nodes stay as they are; modules come and go (extension.ts). */
export interface Schema {
  readonly root: RootSchema;
  readonly modules: ReadonlyMap<string, IrModule>;
  /** `module:identity` → every identity derived from it, itself not included. */
  readonly derivedIdentities: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The extension that marks a state leaf as drawn by the system inside the transaction. */
const assignedExtension = "yangplane-extensions:assigned";

/** Links the IR of one or more modules into a schema. Module names must be distinct. */
export function linkSchema(modules: readonly IrModule[]): Schema {
  const byName = new Map(modules.map((module) => [module.name, module]));
  assert(byName.size === modules.length, "module names are distinct");
  const derivedIdentities = deriveIdentities(modules.flatMap((module) => module.identities));
  return { root: linkRoot(modules, derivedIdentities), modules: byName, derivedIdentities };
}

/** A root with the nodes of some modules. */
export function linkRoot(
  modules: readonly IrModule[],
  derivedIdentities: ReadonlyMap<string, ReadonlySet<string>>,
): RootSchema {
  return new Linker(derivedIdentities).root(modules);
}

/** Every identity with all that derive from it, itself not included. */
export function deriveIdentities(identities: readonly IrIdentity[]): Map<string, Set<string>> {
  const bases = new Map(identities.map((identity) => [identity.name, identity.bases]));
  const derived = new Map<string, Set<string>>();
  for (const name of bases.keys()) derived.set(name, derived.get(name) ?? new Set());
  const addTo = (base: string, name: string): void => {
    const members = derived.get(base) ?? new Set();
    derived.set(base, members.add(name));
    for (const higher of bases.get(base) ?? []) addTo(higher, name);
  };
  for (const [name, direct] of bases) for (const base of direct) addTo(base, name);
  return derived;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A data node whose choices and cases have been taken away from around it. */
interface Flat {
  readonly ir: Exclude<IrNode, IrChoice>;
  readonly inCase: CaseMembership | undefined;
}

class Linker {
  readonly #identities: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(identities: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#identities = identities;
  }

  root(modules: readonly IrModule[]): RootSchema {
    const root = { kind: "root" as const, ...emptyParent() };
    const nodes = modules.flatMap((module) => module.data);
    this.#fill(root, nodes, { path: "", module: "" });
    const operations = modules.flatMap((module) => module.rpcs);
    const notifications = modules.flatMap((module) => module.notifications);
    this.#fillOperations(root, operations, notifications, { path: "", module: "" });
    return root;
  }

  #fill(parent: Mutable<ParentSchema>, nodes: readonly IrNode[], at: Location): void {
    const flat: Flat[] = [];
    const choices: ChoiceSchema[] = [];
    this.#flatten(nodes, undefined, flat, choices);
    const names = propertyNames(flat.map(({ ir }) => ir));
    const children = flat.map((node, index) =>
      this.#node(node, parent as ParentSchema, at, names[index] ?? node.ir.name),
    );
    for (const child of children) {
      for (let membership = child.inCase; membership; membership = membership.outer) {
        const members = membership.choice.cases.get(membership.caseName);
        (members as DataSchema[]).push(child);
      }
    }
    parent.children = children;
    parent.choices = choices;
    parent.childByName = indexByName(children);
  }

  #flatten(
    nodes: readonly IrNode[],
    inCase: CaseMembership | undefined,
    flat: Flat[],
    choices: ChoiceSchema[],
  ): void {
    for (const ir of nodes) {
      if (ir.kind !== "choice") {
        flat.push({ ir, inCase });
        continue;
      }
      const choice: ChoiceSchema = {
        ir,
        name: ir.name,
        mandatory: ir.mandatory,
        defaultCase: ir.default,
        cases: new Map(ir.cases.map(({ name }) => [name, []])),
        inCase,
      };
      choices.push(choice);
      for (const irCase of ir.cases) {
        const when = [...(ir.when ?? []), ...(irCase.when ?? [])];
        const membership = { choice, caseName: irCase.name, when, outer: inCase };
        this.#flatten(irCase.children, membership, flat, choices);
      }
    }
  }

  #node({ ir, inCase }: Flat, parent: ParentSchema, at: Location, prop: string): DataSchema {
    const jsonName = ir.module === at.module ? ir.name : `${ir.module}:${ir.name}`;
    const extensions = ir.extensions ?? [];
    const common = {
      name: ir.name,
      module: ir.module,
      prop,
      jsonName,
      path: `${at.path}/${jsonName}`,
      parent,
      config: ir.config,
      when: ir.when ?? [],
      inCase,
      extensions,
      assigned: extensions.some(({ name }) => name === assignedExtension),
    };
    switch (ir.kind) {
      case "container":
        return this.#container(ir, common);
      case "list":
        return this.#list(ir, common);
      case "leaf":
        return {
          kind: "leaf",
          ir,
          ...common,
          type: valueType(ir.type, this.#identities, ir.module),
          isKey: parent.kind === "list" && parent.ir.keys.includes(ir.name),
        };
      case "leaf-list":
        return {
          kind: "leaf-list",
          ir,
          ...common,
          type: valueType(ir.type, this.#identities, ir.module),
          userOrdered: ir.userOrdered,
        };
      default:
        return { kind: "anydata", ir, ...common };
    }
  }

  #container(ir: IrContainer, common: Omit<ContainerSchema, ContainerOwn>): ContainerSchema {
    const node = {
      kind: "container" as const,
      ir,
      ...common,
      ...emptyParent(),
      musts: ir.musts ?? [],
      presence: ir.presence !== undefined,
    };
    this.#fill(node, ir.children, common);
    this.#fillOperations(node, ir.actions ?? [], ir.notifications ?? [], common);
    return node;
  }

  #list(ir: IrList, common: Omit<ListSchema, ListOwn>): ListSchema {
    const node: Mutable<ListSchema> = {
      kind: "list" as const,
      ir,
      ...common,
      ...emptyParent(),
      musts: ir.musts ?? [],
      keys: [],
      userOrdered: ir.userOrdered,
    };
    this.#fill(node, ir.children, common);
    node.keys = ir.keys.map((key) => {
      const leaf = node.children.find(({ name, module }) => name === key && module === ir.module);
      assert(leaf?.kind === "leaf", `key ${key} of ${common.path} is a leaf`);
      return leaf;
    });
    this.#fillOperations(node, ir.actions ?? [], ir.notifications ?? [], common);
    return node;
  }

  #fillOperations(
    parent: Mutable<ParentSchema>,
    operations: readonly IrOperation[],
    notifications: readonly IrNotification[],
    at: Location,
  ): void {
    const linked = operations.map((ir) => this.#operation(ir, parent as ParentSchema, at));
    parent.operations = indexByName(linked);
    parent.notifications = indexByName(
      notifications.map((ir) => {
        const path = `${at.path}/${ir.module === at.module ? "" : `${ir.module}:`}${ir.name}`;
        const node = {
          kind: "notification" as const,
          name: ir.name,
          module: ir.module,
          path,
          parent: parent as ParentSchema,
          ir,
          ...emptyParent(),
          musts: ir.musts ?? [],
        };
        this.#fill(node, ir.children, { path, module: ir.module });
        return node;
      }),
    );
  }

  #operation(ir: IrOperation, parent: ParentSchema, at: Location): OperationSchema {
    const path = `${at.path}/${ir.module === at.module ? "" : `${ir.module}:`}${ir.name}`;
    const parameters = (which: "input" | "output", of: IrParameters): ParametersSchema => {
      const node = {
        kind: "parameters" as const,
        path: `${path}/${which}`,
        module: ir.module,
        ...emptyParent(),
        musts: of.musts ?? [],
      };
      this.#fill(node, of.children, node);
      return node;
    };
    const input = parameters("input", ir.input);
    const output = parameters("output", ir.output);
    return { name: ir.name, module: ir.module, path, parent, ir, input, output };
  }
}

interface Location {
  readonly path: string;
  readonly module: string;
}

type ContainerOwn = keyof ParentCommon | "kind" | "ir" | "presence";
type ListOwn = keyof ParentCommon | "kind" | "ir" | "keys" | "userOrdered";

function emptyParent(): ParentCommon {
  return {
    children: [],
    choices: [],
    childByName: new Map(),
    operations: new Map(),
    notifications: new Map(),
    musts: [],
  };
}

/** By `name` where only one node has it, and by `module:name`. */
export function indexByName<T extends { name: string; module: string }>(nodes: readonly T[]) {
  const index = new Map<string, T>();
  const ambiguous = new Set<string>();
  for (const node of nodes) {
    index.set(`${node.module}:${node.name}`, node);
    if (index.has(node.name)) ambiguous.add(node.name);
    index.set(node.name, node);
  }
  for (const name of ambiguous) index.delete(name);
  return index as ReadonlyMap<string, T>;
}

/** Tells of each node whether it, or anything below it, is such a one. Remembers its answers. */
export function subtreeHas(isSuch: (node: DataSchema) => boolean): (node: DataSchema) => boolean {
  const known = new WeakMap<DataSchema, boolean>();
  const has = (node: DataSchema): boolean => {
    let answer = known.get(node);
    if (answer === undefined) {
      const children = "children" in node ? node.children : [];
      answer = isSuch(node) || children.some(has);
      known.set(node, answer);
    }
    return answer;
  };
  return has;
}
