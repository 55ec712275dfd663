import type { IrModule } from "../datamodel/schema/ir.ts";
import type { MapLayout } from "../dataplane/layout.ts";
import type { AnyService } from "./any-service.ts";
import { modelFault } from "./model-fault.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A value of a module that nobody has checked the types of, and what is wrong with it. */
export type Declared =
  | { readonly service: AnyService; readonly fault?: undefined }
  | { readonly service?: undefined; readonly fault: string };

/**
 * What a module exports as `service`, if it is one: the parts that the engine relies on are there
 * and fit each other. The types of rows were for the compiler to check.
 */
export function declaredService(exported: unknown, name: string): Declared {
  const fault = declarationFault(exported, name);
  return fault === undefined ? { service: exported as AnyService } : { fault };
}

function declarationFault(exported: unknown, name: string): string | undefined {
  if (!isFields(exported)) return "it exports no service";
  const { model, object, programs, tables } = exported;
  if (!isFields(model) || !isModule(model["ir"])) return "its service has no model";
  const inModel = modelFault(model["ir"], name);
  if (inModel) return `its model: ${inModel.message}`;
  if (!isFields(object) || !isFields(programs) || !isFields(tables)) {
    return "its service has no object, programs or tables";
  }
  const { derived } = exported;
  const rows = { ...tables, ...(isFields(derived) ? derived : {}) };
  return (
    objectFieldsFault(object, name) ??
    cubeMapFault(object) ??
    programFault(programs, object) ??
    puntFault(exported, object) ??
    tableFault(rows, object)
  );
}

function isModule(ir: unknown): ir is IrModule {
  if (!isFields(ir)) return false;
  const lists = ["data", "rpcs", "notifications", "identities"];
  return typeof ir["name"] === "string" && lists.every((list) => Array.isArray(ir[list]));
}

function objectFieldsFault(object: Fields, name: string): string | undefined {
  if (object["name"] !== name) return `its object is ${String(object["name"])}, not ${name}`;
  const { maps, programs, constants } = object;
  if (!isFields(maps) || !isFields(programs) || !isFields(constants)) {
    return "its object has no maps, programs or constants";
  }
  const map = Object.entries(maps).find(([, layout]) => !isMap(layout));
  if (map) return `map ${map[0]} of its object is none`;
  const program = Object.entries(programs).find(([, each]) => !isFields(each));
  if (program) return `program ${program[0]} of its object is none`;
  const constant = Object.entries(constants).find(
    ([, each]) => !isFields(each) || !isCodec(each["value"]),
  );
  return constant && `constant ${constant[0]} of its object is none`;
}

function isMap(layout: unknown): layout is MapLayout {
  return isFields(layout) && isCodec(layout["key"]) && isCodec(layout["value"]);
}

function isCodec(codec: unknown): boolean {
  if (!isFields(codec)) return false;
  const { form, size, encode, decode } = codec;
  return (
    typeof form === "string" &&
    typeof size === "number" &&
    typeof encode === "function" &&
    typeof decode === "function"
  );
}

/** What the engine writes for every cube. */
const cubeMaps = ["hops", "cube", "counters"];

function cubeMapFault(object: Fields): string | undefined {
  const lacking = cubeMaps.find((name) => (object["maps"] as Fields)[name] === undefined);
  return lacking && `its object has no map ${lacking}: include cube.h`;
}

function programFault(programs: Fields, object: Fields): string | undefined {
  const known = object["programs"] as Fields;
  const names = Object.values(programs).flatMap((each) => {
    return isFields(each) ? Object.values(each) : [each];
  });
  const [name] = names.filter((each) => known[String(each)] === undefined);
  return name === undefined ? undefined : `its object has no program ${String(name)}`;
}

/** Who is handed frames may send them on. */
function puntFault({ punted }: Fields, object: Fields): string | undefined {
  const isLacking = (object["programs"] as Fields)["packetOut"] === undefined;
  if (punted === undefined || !isLacking) return undefined;
  return "it wants frames that no program hands it: include slow_path.h";
}

/** Every map of configuration has rows from somewhere, and nothing else has. */
function tableFault(declared: Fields, object: Fields): string | undefined {
  const maps = object["maps"] as Readonly<Record<string, MapLayout>>;
  const isConfig = (name: string) => maps[name]?.owner === "config";
  const lacking = Object.keys(maps).find((name) => isConfig(name) && !isFields(declared[name]));
  if (lacking) return `nothing declares the rows of map ${lacking}`;
  const superfluous = Object.keys(declared).find((name) => !isConfig(name));
  return superfluous && `it declares rows of ${superfluous}, which is no map of configuration`;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}
