import { RequestError, refuse } from "../../datamodel/error.ts";
import { addModule, nameTaken, removeModule } from "../../datamodel/schema/extension.ts";
import type { DataSchema, ListSchema, Schema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import type { Dataplane } from "../../dataplane/dataplane.ts";
import { assert } from "../../lib/assert.ts";
import type { AnyService, Discovered } from "../any-service.ts";
import type { Judge } from "./judge.ts";
import type { Planner } from "./planner.ts";

/** A service to take up, and its compiled object. */
export interface ServiceOffer {
  readonly service: AnyService;
  /** Path of the object; it stays there while the service does. */
  readonly object: string;
}

export interface RosterParts {
  readonly schema: Schema;
  /** Those known; it changes with the roster. */
  readonly services: Discovered[];
  readonly dataplane: Dataplane;
  readonly planner: Planner;
  readonly judge: Judge;
}

/** The services that an engine has, while others come and go between two commits. */
export class Roster {
  readonly #parts: RosterParts;
  /** Top nodes of modules that are not there any more: requests may still name them. */
  readonly #gone = new WeakSet<DataSchema>();
  #hasGone = false;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** @throws RequestError where a name is taken, XpathError; nothing has changed then */
  add({ service, object }: ServiceOffer): void {
    const { schema, services, dataplane, planner, judge } = this.#parts;
    const { ir } = service.model;
    const taken = nameTaken(schema, ir);
    if (taken) throw refuse("data-exists", "", `service ${ir.name}: there is a ${taken} already`);
    addModule(schema, ir);
    try {
      judge.schemaChanged();
      dataplane.offerObject(service.object, object);
    } catch (error) {
      removeModule(schema, ir.name);
      judge.schemaChanged();
      throw error;
    }
    services.push(service);
    planner.addService(listOf(schema, ir.name), service);
  }

  /** @throws RequestError where it has cubes, or there is no such service */
  check(name: string, root: DataObject): void {
    const list = listOf(this.#parts.schema, name);
    const { size } = root[list.prop] as YangList<DataObject>;
    if (size === 0) return;
    const cubes = size === 1 ? "a cube" : `${size} cubes`;
    throw refuse("in-use", printPath([{ schema: list }]), `the service has ${cubes}`);
  }

  /** Nothing of it may be configured any more, nor by an undone commit again. */
  remove(name: string): void {
    const { schema, services, dataplane, planner, judge } = this.#parts;
    const at = services.findIndex(({ model }) => model.ir.name === name);
    assert(at >= 0, `service ${name} is known`);
    for (const node of schema.root.children) if (node.module === name) this.#gone.add(node);
    this.#hasGone = true;
    planner.removeService(listOf(schema, name));
    services.splice(at, 1);
    removeModule(schema, name);
    judge.schemaChanged();
    dataplane.withdrawObject(name);
  }

  /** Refuses paths that were read while a service was there that is not any more. */
  refuseGone(paths: readonly InstancePath[]): void {
    if (!this.#hasGone) return;
    const gone = paths.filter(([first]) => first && this.#gone.has(first.schema));
    if (gone.length === 0) return;
    const message = "the service has been unloaded";
    throw new RequestError(
      gone.map((path) => ({ path: printPath(path), tag: "unknown-element", message })),
    );
  }
}

function listOf(schema: Schema, name: string): ListSchema {
  const list = schema.root.childByName.get(`${name}:${name}`);
  assert(list?.kind === "list", `module ${name} has a list of cubes`);
  return list;
}
