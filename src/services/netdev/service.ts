import { netdevIr } from "../../gen/yang/netdev.ts";
import { defineModule, type HostContext } from "../service.ts";

type Device = ReturnType<HostContext["devices"]["list"]>[number];

/** The network devices of the host: what is attached to them is configuration, all else state. */
export const service = defineModule({
  model: { ir: netdevIr },
  state: { netdev: (host, [, keys]) => devices(host, keys).map((device) => entry(host, device)) },
  deviceChanged: ({ device }) => [["netdev", [device.name]]],
});

/** The device asked for, else all there are. */
function devices(host: HostContext, keys: unknown): readonly Device[] {
  if (keys === undefined) return host.devices.list();
  const device = host.devices.byName(String(keys));
  return device === undefined ? [] : [device];
}

function entry(host: HostContext, device: Device) {
  const { name, ifindex, kind, mac, mtu, up, running } = device;
  return {
    name,
    ifindex,
    kind,
    macAddress: mac === "" ? undefined : mac,
    mtu,
    adminStatus: up ? "UP" : "DOWN",
    operStatus: up && running ? "UP" : "DOWN",
    port: host.portOf(ifindex),
    drops: host.dropsOf(ifindex),
  };
}
