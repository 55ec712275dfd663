import { type Finding, Findings, type Place } from "../../datamodel/codec/findings.ts";
import { type Unreadable, violationsMax } from "../../datamodel/error.ts";
import { wireTypeOf } from "./field-wire.ts";
import type { ProtoField, ProtoMessage } from "./proto-model.ts";
import type { WireReader } from "./wire.ts";

/** A field where the reader is, behind its tag. */
export interface Spot {
  readonly reader: WireReader;
  readonly wireType: number;
}

type Fault = Omit<Finding, "place" | "isUnread">;

/** Gathers what is wrong with a message; a field that cannot be read is skipped. */
export class DecodeReport {
  readonly #findings = new Findings();
  readonly #stateGiven: Finding[] = [];

  /** How much has been found so far. */
  get count(): number {
    return this.#findings.count;
  }

  /** Everything reported; `refuseState` includes state nodes given. */
  told(refuseState: boolean): Unreadable {
    if (refuseState) for (const finding of this.#stateGiven.splice(0)) this.#findings.add(finding);
    return this.#findings.told();
  }

  fault(place: Place, fault: Fault): void {
    this.#findings.add({ ...fault, place });
  }

  /** The node's content remains unknown. */
  unread(place: Place, fault: Fault): void {
    this.#findings.add({ ...fault, place, isUnread: true });
  }

  unknown(
    message: ProtoMessage,
    { number, wireType, reader }: Spot & { readonly number: number },
    place: Place,
  ): void {
    const text = `${message.name} has no field number ${number}`;
    this.fault(place, { tag: "unknown-element", message: text });
    reader.skip(wireType);
  }

  misfit(field: ProtoField, { wireType, reader }: Spot, place: Place): void {
    const wanted = wireTypeOf(field);
    const message = `field ${field.name} has wire type ${wireType} instead of ${wanted}`;
    this.unread(place, { tag: "malformed-message", message });
    reader.skip(wireType);
  }

  state(place: Place): void {
    if (this.#stateGiven.length >= violationsMax) return;
    this.#stateGiven.push({ tag: "bad-element", place, message: "is state and cannot be written" });
  }
}
