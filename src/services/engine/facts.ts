import { emptyList, sortKey } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { AnyFacts, AnyService } from "../any-service.ts";
import type { PortFact } from "../facts.ts";
import type { PortBase } from "./cube.ts";
import type { Link } from "./places.ts";

/** What is known of a new cube before its ports are looked at. */
export function initialFacts(service: AnyService): AnyFacts {
  return { ports: emptyList(false), own: service.facts?.initial };
}

/** A port with what is known of it; undefined: there is none of this name. */
export type NamedPortFact = readonly [name: string, fact: PortFact<object> | undefined];

/** Facts after some ports came, changed or went; what is as it was stays the same object. */
export function withPorts(facts: AnyFacts, ports: readonly NamedPortFact[]): AnyFacts {
  if (ports.length === 0) return facts;
  const draft = facts.ports.draft();
  let isChanged = false;
  for (const [name, is] of ports) {
    const key = sortKey([name]);
    const was = draft.at(key);
    if (is === undefined ? was === undefined : was !== undefined && sameFact(was, is)) continue;
    if (is) draft.set(key, is);
    else draft.delete(key);
    isChanged = true;
  }
  return isChanged ? { ...facts, ports: draft.freeze() } : facts;
}

function sameFact(a: PortFact<object>, b: PortFact<object>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof PortFact<object>>;
  return [...names].every((name) => a[name] === b[name]);
}

export function portFact(port: PortBase, link: Link | undefined): PortFact<object> {
  const { name, index = 0 } = port;
  const base = { name, index, config: port as object as DataObject };
  if (link?.device === undefined) return { ...base, isUp: link !== undefined };
  const { ifindex, mac, mtu, up, running } = link.device;
  return { ...base, ifindex, mac, mtu, isUp: up && running };
}
