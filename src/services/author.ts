/** What a service outside this tree imports, as `yangplane/service`. */
export type { IrModule } from "../datamodel/schema/ir.ts";
export { instancePath, type ModelDescriptor, type NodePath } from "../datamodel/schema/model.ts";
export type { YangList } from "../datamodel/tree/list.ts";
export type { Anydata } from "../datamodel/tree/node.ts";
export type { ObjectLayout } from "../dataplane/layout.ts";
export {
  formatIpAddress,
  formatIpPrefix,
  type IpPrefix,
  parseIpAddress,
  parseIpPrefix,
} from "../lib/ip.ts";
export { macBytes, macText } from "../lib/mac.ts";
export * from "./service.ts";
