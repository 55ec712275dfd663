import { decodeJson } from "../../datamodel/codec/decode.ts";
import type { NotificationEvent } from "../../datamodel/datastore/datastore.ts";
import type { NotificationSchema, Schema } from "../../datamodel/schema/schema.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import {
  createOperationValidator,
  type OperationValidator,
} from "../../datamodel/validate/operation.ts";
import { assert } from "../../lib/assert.ts";
import type { ServiceNotification } from "../operation.ts";
import type { LiveCube } from "./live-cube.ts";
import { refPath } from "./node-ref.ts";
import { bodyJson } from "./plain-data.ts";

export interface NotifierParts {
  readonly schema: Schema;
  /** The running configuration. */
  readonly root: () => DataObject;
  readonly onError: (error: unknown) => void;
}

type Listener = (notification: NotificationEvent) => void;

/** Sends the YANG notifications of services to whoever listens. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #validator: OperationValidator;
  readonly #listeners = new Set<Listener>();

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#validator = createOperationValidator(parts.schema);
  }

  listen(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** One that is not as the model says is not sent, and its service's fault. */
  send(cube: LiveCube, notification: ServiceNotification): void {
    try {
      const event = this.#event(cube, notification);
      for (const listener of this.#listeners) this.#tell(listener, event);
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  #event(cube: LiveCube, notification: ServiceNotification): NotificationEvent {
    const { path, schema } = this.#placeOf(cube, notification);
    const value = decodeJson(schema, bodyJson(schema, notification.value), { state: "all" });
    const at = { root: this.#parts.root(), path };
    const [fault] = this.#validator.validate(schema, value, at);
    assert(fault === undefined, `notification ${schema.name}: ${fault?.path} ${fault?.message}`);
    return { path, schema, value, time: new Date() };
  }

  #placeOf(
    { list, runtime }: LiveCube,
    { at = [], name }: ServiceNotification,
  ): { readonly path: InstancePath; readonly schema: NotificationSchema } {
    const path = refPath(list, runtime.name, at);
    const parent = path.at(-1)?.schema;
    const own = parent && "children" in parent ? parent.notifications.get(name) : undefined;
    if (own) return { path, schema: own };
    const { root } = this.#parts.schema;
    const global = at.length === 0 ? root.notifications.get(`${list.module}:${name}`) : undefined;
    assert(global, `there is a notification ${name} of ${printPath(path)} or its module`);
    return { path: [], schema: global };
  }

  #tell(listener: Listener, event: NotificationEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#parts.onError(error);
    }
  }
}
