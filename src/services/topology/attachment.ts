import {
  type HostContext,
  type NodeKeys,
  type OperationResult,
  refuse,
  type ServiceEdit,
} from "../service.ts";
import { cubeOf, type End, endOf } from "./end.ts";

interface Attachment {
  readonly cube: string;
  readonly port: string;
}

interface Attach extends Attachment {
  readonly position?: "auto" | "first" | "last";
  readonly before?: string;
  readonly after?: string;
}

type Place =
  | { readonly insert: "first" | "last" }
  | { readonly insert: "before" | "after"; readonly point: NodeKeys };

/**
 * Kinds of cubes whose order is known, the one next to the cube of the port (or the wire) first:
 * addresses are translated inside of what protects them.
 */
const order = ["nat", "ddosmitigator"];

/** Puts a cube into the chain of a port or device. */
export function attach(input: object, host: HostContext): OperationResult {
  const { cube, port, ...wish } = input as Attach;
  const end = endOf(host, port, leaf("attach", "port"));
  const { service } = cubeOf(host, cube, leaf("attach", "cube"));
  if (end.tcubes.includes(cube)) {
    throw refuse("in-use", leaf("attach", "cube"), `${cube} is attached to ${end.text} already`);
  }
  const place = placeOf(wish, end) ?? autoPlace(host, service, end);
  const value: ServiceEdit = { at: [...end.ref, "tcubes", [cube]], operation: "create", ...place };
  return { output: {}, edits: end.kind === "port" ? [value] : [entryOf(end), value] };
}

/** Takes a cube out of the chain of a port or device. */
export function detach(input: object, host: HostContext): OperationResult {
  const { cube, port } = input as Attachment;
  const end = endOf(host, port, leaf("detach", "port"));
  if (!end.tcubes.includes(cube)) {
    throw refuse("data-missing", leaf("detach", "cube"), `${cube} is not attached to ${end.text}`);
  }
  // A device is configured while something is attached to it.
  const isLast = end.kind === "device" && end.tcubes.length === 1;
  const at = isLast ? end.ref : [...end.ref, "tcubes", [cube]];
  return { output: {}, edits: [{ at, operation: "delete" }] };
}

function entryOf({ ref }: End): ServiceEdit {
  return { at: ref, operation: "merge" };
}

/** The place that was asked for; undefined where it is to be found. */
function placeOf({ position, before, after }: Omit<Attach, keyof Attachment>, end: End) {
  if (before !== undefined) return beside("before", before, end);
  if (after !== undefined) return beside("after", after, end);
  return position === "first" || position === "last" ? { insert: position } : undefined;
}

function beside(insert: "before" | "after", cube: string, { tcubes, text }: End): Place {
  if (!tcubes.includes(cube)) {
    throw refuse("data-missing", leaf("attach", insert), `${cube} is not attached to ${text}`);
  }
  return { insert, point: [cube] };
}

/** The one place that the known order of kinds leaves. */
function autoPlace(host: HostContext, service: string, { tcubes }: End): Place {
  const ranks = tcubes.map((name) => {
    const other = cubeOf(host, name, leaf("attach", "port")).service;
    if (other !== service && order.includes(other) && order.includes(service)) {
      return order.indexOf(other);
    }
    const wanted = "say first, last, before or after";
    const message = `no order of ${service} and ${other} (${name}) is known: ${wanted}`;
    throw refuse("operation-failed", leaf("attach", "position"), message);
  });
  const next = ranks.findIndex((rank) => rank > order.indexOf(service));
  const point = tcubes[next];
  return point === undefined ? { insert: "last" } : { insert: "before", point: [point] };
}

function leaf(operation: "attach" | "detach", name: keyof Attach): string {
  return `/topology:${operation}/${name}`;
}
