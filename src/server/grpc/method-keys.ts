import type {
  ContainerSchema,
  DataSchema,
  LeafSchema,
  ListSchema,
  NotificationSchema,
  OperationSchema,
  ParentSchema,
} from "../../datamodel/schema/schema.ts";
import { GenerationError } from "./generation-error.ts";
import type { MessageBuilder } from "./messages.ts";
import { fixedNames } from "./method-fields.ts";
import { snakeCase } from "./naming.ts";
import type { KeyField, ProtoField } from "./proto-model.ts";

/** What methods are made for. */
export type MethodNode = ListSchema | ContainerSchema | OperationSchema | NotificationSchema;

const keysMax = 15;

export interface BuiltKey extends Omit<KeyField, "field"> {
  readonly field: ProtoField;
}

export function plainKey({ field, list, leaf }: BuiltKey): KeyField {
  return { field: field.name, list, leaf };
}

/** Makes the fields of keys: one for each key of the lists on the way to a node. */
export class KeyBuilder {
  readonly #messages: MessageBuilder;

  constructor(messages: MessageBuilder) {
    this.#messages = messages;
  }

  /** `withOwn` includes those of the node itself. */
  keys(node: MethodNode, withOwn: boolean): BuiltKey[] {
    const lists = ancestorLists(node, withOwn);
    const keys = lists.flatMap((list) => list.keys.map((leaf) => ({ list, leaf })));
    if (keys.length > keysMax) {
      throw new GenerationError(`${node.path}: has ${keys.length} keys, more than ${keysMax}`);
    }
    const taken = new Set<string>(fixedNames);
    return keys.map(({ list, leaf }, index) => {
      const name = this.#keyName(list, leaf, taken);
      taken.add(name);
      return { field: this.#keyField(leaf, { name, number: index + 1 }), list, leaf };
    });
  }

  #keyName(list: ListSchema, leaf: LeafSchema, taken: ReadonlySet<string>): string {
    const own = this.#messages.fields.get(leaf)?.name ?? snakeCase(leaf.name);
    const short = [...this.pathNames(list), own].join("_");
    if (!taken.has(short)) return short;
    const top = topOf(list);
    return [this.#messages.fields.get(top)?.name ?? snakeCase(top.name), short].join("_");
  }

  #keyField(leaf: LeafSchema, { name, number }: { name: string; number: number }): ProtoField {
    const inEntry = this.#messages.fields.get(leaf);
    const type = inEntry?.type ?? { scalar: "string" };
    return { name, number, type, ...(inEntry?.repeated ? { repeated: true } : {}), node: leaf };
  }

  /** Field names from below the top node; the top node itself is its own name. */
  pathNames(node: DataSchema): string[] {
    const names: string[] = [];
    for (let at: ParentSchema | DataSchema = node; "parent" in at; at = at.parent) {
      const isTop = at.parent.kind === "root";
      if (isTop && names.length > 0) break;
      const isData = at.kind !== "notification";
      if (isData)
        names.unshift(this.#messages.fields.get(at as DataSchema)?.name ?? snakeCase(at.name));
    }
    return names;
  }
}

function topOf(node: DataSchema): DataSchema {
  let at = node;
  while (at.parent.kind === "container" || at.parent.kind === "list") at = at.parent;
  return at;
}

/** Lists from the root to a node; `withOwn` includes the node if it is one. */
function ancestorLists(node: MethodNode, withOwn: boolean): ListSchema[] {
  const lists: ListSchema[] = [];
  const isList = "kind" in node && node.kind === "list";
  let at: ParentSchema | undefined = withOwn && isList ? node : node.parent;
  while (at !== undefined && at.kind !== "root" && at.kind !== "parameters") {
    if (at.kind === "list") lists.unshift(at);
    at = at.parent;
  }
  return lists;
}
