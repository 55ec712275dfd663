import type { Place } from "../../datamodel/codec/findings.ts";
import { RequestError, type Unreadable } from "../../datamodel/error.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { atOnce, type Slices } from "../../lib/slices.ts";
import { BodyDecoder } from "./body-decoder.ts";
import { DecodeReport } from "./decode-report.ts";
import type { LeafCodecs, PlainMessage } from "./leaf-codec.ts";
import { joined, PlainDecoder } from "./plain-decoder.ts";
import type { ProtoMessage } from "./proto-model.ts";
import type { TypeRegistry } from "./type-registry.ts";
import { WireReader } from "./wire.ts";

/**
 * Decodes messages strictly: unknown fields, enum values that are not in the model, wrong wire
 * types and values their type refuses are all reported. Messages of data nodes become DataObjects,
 * other messages plain objects by field name.
 */
export class MessageDecoder {
  /**
   * Where the next message decoded by `plain` keeps the data of its body: known only after its keys
   * have been read, so it is asked when a path is printed.
   */
  bodyPlace: Place = () => "";
  readonly #types: TypeRegistry;
  readonly #report = new DecodeReport();
  readonly #plain: PlainDecoder;
  readonly #body: BodyDecoder;

  constructor(types: TypeRegistry, leaves: LeafCodecs) {
    this.#types = types;
    this.#plain = new PlainDecoder(types, this.#report);
    this.#body = new BodyDecoder({ leaves, plain: this.#plain, report: this.#report });
  }

  /** The message of a full name; what it reports is thrown by `finish`. */
  plain(fullName: string, bytes: Uint8Array): PlainMessage {
    return atOnce(this.decoding(fullName, bytes));
  }

  /** The same, in slices of some fields, those of its body included. */
  *decoding(fullName: string, bytes: Uint8Array): Slices<PlainMessage> {
    const message: PlainMessage = {};
    const target = { into: message, depth: 0 };
    yield* this.#plain.decoding(this.#types.message(fullName), new WireReader(bytes), target);
    for (const { field, into, parts } of this.#plain.bodies.splice(0)) {
      const at = { place: this.bodyPlace, depth: 1 };
      const body = this.#plain.messageOf(field);
      into[field.name] = yield* this.#body.decoding(body, joined(parts), at);
    }
    return message;
  }

  /** The message of a data node found at `place`, in slices. */
  decodingData(message: ProtoMessage, bytes: Uint8Array, place: Place): Slices<DataObject> {
    return this.#body.decoding(message, new WireReader(bytes), { place, depth: 0 });
  }

  /** @throws RequestError with everything reported; `refuseState` includes state nodes given. */
  finish(refuseState: boolean): void {
    const { violations } = this.told(refuseState);
    if (violations.length > 0) throw new RequestError(violations);
  }

  /** Everything reported, for a caller that goes on with what could be read. */
  told(refuseState: boolean): Unreadable {
    return this.#report.told(refuseState);
  }
}
