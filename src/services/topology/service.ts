import { topologyIr } from "../../gen/yang/topology.ts";
import { defineModule } from "../service.ts";
import { attach, detach } from "./attachment.ts";
import { connect, disconnect } from "./connection.ts";

/** Operations that change several nodes of the topology at once. */
export const service = defineModule({
  model: { ir: topologyIr },
  rpcs: { connect, disconnect, attach, detach },
});
