import { refuse } from "../../datamodel/error.ts";
import type { ListSchema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { printPath } from "../../datamodel/tree/path.ts";
import type { Api } from "./api.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { pageRequest, pageToken } from "./page.ts";

/** CubeService.ListCubes: all services' lists as one, in pages. */
export function listCubes(api: Api, request: PlainMessage): PlainMessage {
  const service = request["service"] as string | undefined;
  const listName = `cubes ${service ?? ""}`;
  const { size, after } = pageRequest(request, listName);
  const { commitId } = api.datastore.snapshot();
  const cubes: PlainMessage[] = [];
  let last = "";
  for (const { cube, position } of cubesBehind(api, service, after)) {
    if (cubes.length === size) {
      return { cubes, next_page_token: pageToken(listName, last), commit_id: commitId };
    }
    cubes.push(cube);
    last = position;
  }
  return { cubes, next_page_token: "", commit_id: commitId };
}

/** Cubes of a service, or of all, behind a position. */
function* cubesBehind(
  api: Api,
  service: string | undefined,
  after = "",
): Generator<{ cube: PlainMessage; position: string }> {
  const [afterService = "", afterKey] = after.split("\n");
  const { root } = api.datastore.snapshot();
  for (const list of cubeLists(api)) {
    const isWanted = !service || service === list.module;
    if (!isWanted || list.module < afterService) continue;
    const entries = root[list.prop] as YangList<DataObject>;
    const start = list.module === afterService ? afterKey : undefined;
    for (const [key, entry] of entries.entries(start)) {
      yield { cube: cubeMessage(list, entry), position: `${list.module}\n${key}` };
    }
  }
}

/** CubeService.GetCube. */
export function getCube(api: Api, request: PlainMessage): PlainMessage {
  const name = request["name"];
  if (name === undefined) throw refuse("missing-element", "", "field name is missing");
  const { commitId, root } = api.datastore.snapshot();
  for (const list of cubeLists(api)) {
    const entry = (root[list.prop] as YangList<DataObject>).get(name as string);
    if (entry) return { cube: cubeMessage(list, entry), commit_id: commitId };
  }
  throw refuse("data-missing", "", `there is no cube named "${name}"`);
}

/**
 * A service's cubes are the entries of the top-level list called as its module. A model without
 * cubes may have such a list too, but not what yangplane-base gives to a cube.
 */
function cubeLists({ datastore }: Api): ListSchema[] {
  return datastore.schema.root.children
    .filter((node): node is ListSchema => node.kind === "list")
    .filter(({ name, module, ir }) => name === module && ir.keys.join() === "name")
    .filter(({ childByName }) => childByName.has("service-name"))
    .sort((a, b) => (a.module < b.module ? -1 : 1));
}

function cubeMessage(list: ListSchema, entry: DataObject): PlainMessage {
  const name = entry["name"] ?? "";
  return {
    name,
    service: list.module,
    uuid: entry["uuid"] ?? "",
    type: entry["type"] ?? "",
    path: printPath([{ schema: list, keys: [String(name)] }]),
  };
}
