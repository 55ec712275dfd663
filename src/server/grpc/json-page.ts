import { type EncodePlace, encodeJson } from "../../datamodel/codec/encode.ts";
import { refuse } from "../../datamodel/error.ts";
import type { DataSchema, ListSchema, RootSchema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, type DataValue, keysOf } from "../../datamodel/tree/node.ts";
import { type InstancePath, type PathStep, printPath } from "../../datamodel/tree/path.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { page, pageToken } from "./page.ts";

/** More list entries than this fit no message, however small they are. */
const entriesMax = 100_000;

export interface JsonRequest {
  readonly path: InstancePath;
  readonly withDefaults: boolean;
  /** Of each list; absent for all entries. */
  readonly size: number | undefined;
  /** Where the list at `path` goes on. */
  readonly after: string | undefined;
}

/** A node as JSON whose lists are cut, and what is left of them as ListRest messages. */
export class JsonPage {
  readonly rests: PlainMessage[] = [];
  readonly #request: JsonRequest;
  #entries = 0;

  constructor(request: JsonRequest) {
    this.#request = request;
  }

  /** @throws RequestError where there is too much to answer */
  encode(schema: DataSchema | RootSchema, value: DataValue): unknown {
    const options = {
      withDefaults: this.#request.withDefaults,
      choose: (list: YangList<DataObject>, place: EncodePlace) => this.#choose(list, place),
    };
    if (schema.kind === "root") return encodeJson(schema, value as DataObject, options);
    return encodeJson(schema, value, options);
  }

  #choose(list: YangList<DataObject>, place: EncodePlace): Iterable<DataObject> {
    const { size = entriesMax, after } = this.#request;
    const isStart = place.above === undefined;
    const { entries, last } = page(list, { size, after: isStart ? after : undefined });
    this.#entries += entries.length;
    if (this.#entries > entriesMax || (last !== undefined && this.#request.size === undefined)) {
      const advice = "set page_size to get lists in parts";
      throw refuse("too-big", "", `there are more than ${entriesMax} list entries: ${advice}`);
    }
    if (last !== undefined) this.rests.push(this.#rest(place, list.size, last));
    return entries;
  }

  #rest(place: EncodePlace, size: number, lastKey: string): PlainMessage {
    const { path } = this.#request;
    const outermost = path.at(-1);
    const listPath = printPath([...path.slice(0, -1), ...stepsOf(place, outermost)]);
    return {
      pointer: pointerTo(place, outermost !== undefined),
      path: listPath,
      size: BigInt(size),
      page_token: pageToken(listPath, lastKey),
    };
  }
}

/** `outermost`: how the request names the node that it asks for. */
function stepsOf(place: EncodePlace, outermost: PathStep | undefined): PathStep[] {
  const steps: PathStep[] = [];
  for (let at: EncodePlace | undefined = place; at; at = at.above) {
    const { above, schema, entry } = at;
    if (entry) steps.unshift({ schema, keys: keysOf(schema as ListSchema, entry.object) });
    else steps.unshift((above === undefined && outermost) || { schema });
  }
  return steps;
}

/** RFC 6901; `isNode`: the JSON is that of the outermost node, so its name is no member. */
function pointerTo(place: EncodePlace, isNode: boolean): string {
  let pointer = "";
  for (let at: EncodePlace | undefined = place; at; at = at.above) {
    const position = at.entry ? `/${at.entry.position}` : "";
    const member = at.above === undefined && isNode ? "" : `/${at.schema.jsonName}`;
    pointer = member + position + pointer;
  }
  return pointer;
}
