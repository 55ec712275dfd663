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
import { Listeners } from "./listeners.ts";
import type { LiveCube } from "./live-cube.ts";
import { refPath } from "./node-ref.ts";
import { bodyJson } from "./plain-data.ts";

export interface NotifierParts {
  readonly schema: Schema;
  /** The running configuration. */
  readonly root: () => DataObject;
  readonly onError: (error: unknown) => void;
}

/** Sends the YANG notifications of services to whoever listens. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #validator: OperationValidator;
  readonly #listeners: Listeners<NotificationEvent>;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#listeners = new Listeners(parts.onError);
    this.#validator = createOperationValidator(parts.schema);
  }

  listen(listener: (notification: NotificationEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }

  /** One that is not as the model says is not sent, and its service's fault. */
  send(cube: LiveCube, notification: ServiceNotification): void {
    try {
      this.#listeners.tell(this.#event(cube, notification));
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
}
