import { assert } from "../../lib/assert.ts";
import { refreshDefaults } from "../tree/node.ts";
import type { IrModule } from "./ir.ts";
import {
  type DataSchema,
  deriveIdentities,
  indexByName,
  linkRoot,
  type NotificationSchema,
  type OperationSchema,
  type RootSchema,
  type Schema,
} from "./schema.ts";

/** The parts of a schema that change when a module comes or goes. */
type Open<T> = { -readonly [K in keyof T]: T[K] };

/** What of a module has a name that is taken, undefined if nothing: it cannot be added then. */
export function nameTaken(schema: Schema, module: IrModule): string | undefined {
  const { root } = schema;
  if (schema.modules.has(module.name)) return `module ${module.name}`;
  const own = linkRoot([module], schema.derivedIdentities);
  const node = own.children.find(({ name, prop }) => {
    return root.children.some((other) => other.name === name || other.prop === prop);
  });
  if (node) return `top node ${node.name}`;
  const operation = [...own.operations.values()].find(({ name }) => root.operations.has(name));
  return operation && `rpc ${operation.name}`;
}

/**
 * Adds a module to a schema in use. Every node that was there stays the object that it is, and so
 * do trees: a root object has the new lists, empty, by inheritance.
 */
export function addModule(schema: Schema, module: IrModule): void {
  assert(nameTaken(schema, module) === undefined, `${module.name} has no name that is taken`);
  (schema.modules as Map<string, IrModule>).set(module.name, module);
  refreshIdentities(schema);
  const { root } = schema;
  const own = linkRoot([module], schema.derivedIdentities);
  for (const node of [...own.children, ...operationsOf(own), ...notificationsOf(own)]) {
    (node as Open<typeof node>).parent = root;
  }
  fill(root, {
    children: [...root.children, ...own.children],
    choices: [...root.choices, ...own.choices],
    operations: [...operationsOf(root), ...operationsOf(own)],
    notifications: [...notificationsOf(root), ...notificationsOf(own)],
  });
}

/** Takes a module away again; no tree may hold anything of it. */
export function removeModule(schema: Schema, name: string): void {
  const { root } = schema;
  const isOther = ({ module }: { readonly module: string }): boolean => module !== name;
  (schema.modules as Map<string, IrModule>).delete(name);
  refreshIdentities(schema);
  fill(root, {
    children: root.children.filter(isOther),
    choices: root.choices.filter(({ ir }) => isOther(ir)),
    operations: operationsOf(root).filter(isOther),
    notifications: notificationsOf(root).filter(isOther),
  });
}

interface RootParts {
  readonly children: readonly DataSchema[];
  readonly choices: RootSchema["choices"];
  readonly operations: readonly OperationSchema[];
  readonly notifications: readonly NotificationSchema[];
}

function fill(root: Open<RootSchema>, parts: RootParts): void {
  root.children = parts.children;
  root.choices = parts.choices;
  root.childByName = indexByName(parts.children);
  root.operations = indexByName(parts.operations);
  root.notifications = indexByName(parts.notifications);
  refreshDefaults(root);
}

function operationsOf({ operations }: RootSchema): OperationSchema[] {
  return [...new Set(operations.values())];
}

function notificationsOf({ notifications }: RootSchema): NotificationSchema[] {
  return [...new Set(notifications.values())];
}

/** In place: types hold on to the sets. */
function refreshIdentities({ modules, derivedIdentities }: Schema): void {
  const known = derivedIdentities as Map<string, Set<string>>;
  const derived = deriveIdentities([...modules.values()].flatMap(({ identities }) => identities));
  for (const name of known.keys()) if (!derived.has(name)) known.delete(name);
  for (const [name, members] of derived) {
    const set = known.get(name) ?? new Set();
    set.clear();
    for (const member of members) set.add(member);
    known.set(name, set);
  }
}
