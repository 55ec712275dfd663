import { refuse } from "../../datamodel/error.ts";
import type { IrModule } from "../../datamodel/schema/ir.ts";
import type { Api } from "./api.ts";
import type { PlainMessage } from "./leaf-codec.ts";

/** SchemaService.ListModules. */
export function listModules({ datastore }: Api): PlainMessage {
  const modules = [...datastore.schema.modules.values()];
  modules.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { modules: modules.map(moduleMessage) };
}

/** SchemaService.GetModule. */
export function getModule({ datastore }: Api, request: PlainMessage): PlainMessage {
  const name = (request["name"] as string | undefined) ?? "";
  const module = datastore.schema.modules.get(name);
  if (module === undefined) throw refuse("data-missing", "", `module "${name}" is not loaded`);
  return { module: moduleMessage(module), schema_json: JSON.stringify(module) };
}

function moduleMessage({ name, revision, namespace, description }: IrModule): PlainMessage {
  return { name, revision: revision ?? "", namespace, description: description ?? "" };
}
