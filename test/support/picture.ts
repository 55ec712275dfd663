import type { Dataplane } from "../../src/dataplane/dataplane.ts";
import type { ObjectLayout } from "../../src/dataplane/layout.ts";
import { entryObject } from "../../src/gen/bpf/entry.ts";
import { recirculationId } from "../../src/services/engine/recirculation.ts";

/**
 * Everything the engine wrote, in a form in which two data planes can be compared: slots of the
 * jump tables, which are handed out in order of arrival, stand for the objects in them. An object's
 * generation is left out: it tells how often the object was replaced, not what it is. So is the
 * recirculation device: it is the same whatever the configuration.
 */
export function picture(dataplane: Dataplane, layouts: readonly ObjectLayout[]): unknown {
  const byName = new Map([entryObject, ...layouts].map((layout) => [layout.name, layout]));
  const programs = dataplane.programs().map((entry) => {
    return { ...entry, objectId: nameOf(entry.objectId) };
  });
  const ownerOf = new Map(
    programs.map(({ family, slot, objectId, program }) => [
      `${family}${slot}`,
      `${objectId} ${program}`,
    ]),
  );
  const ids = dataplane.objects().filter((id) => id !== recirculationId);
  const objects = ids.sort().map((id) => {
    const loaded = dataplane.loadedRequest(id);
    // The note tells how a device was found, which is not the engine's doing.
    const request = loaded && { ...loaded, id: nameOf(id), note: undefined };
    const layout = byName.get(request?.object ?? "");
    return { id: nameOf(id), request, maps: layout && mapsOf(dataplane, id, layout, ownerOf) };
  });
  return {
    objects,
    programs: programs
      .map(({ family, objectId, program }) => `${family} ${objectId} ${program}`)
      .sort(),
    attachments: dataplane
      .attachments()
      .filter(({ objectId }) => objectId !== recirculationId)
      .map(
        ({ ifindex, hook, objectId, program }) =>
          `${ifindex} ${hook} ${nameOf(objectId)} ${program}`,
      )
      .sort(),
  };
}

function nameOf(objectId: string): string {
  return objectId.replace(/~[0-9]+$/, "");
}

function mapsOf(
  dataplane: Dataplane,
  id: string,
  layout: ObjectLayout,
  ownerOf: ReadonlyMap<string, string>,
): Record<string, string[]> {
  const maps: Record<string, string[]> = {};
  for (const map of Object.values(layout.maps)) {
    const isWritten =
      map.owner === "config" || ["hops", "egress_hops", "hop", "cube"].includes(map.name);
    if (!isWritten) continue;
    maps[map.name] = dataplane
      .rows(id, map.name)
      .map(
        ({ key, value }) =>
          `${text(map.key.decode(key))} ${rowText(map.value.decode(value), ownerOf)}`,
      )
      .sort();
  }
  return maps;
}

function rowText(value: unknown, ownerOf: ReadonlyMap<string, string>): string {
  const row = value as { kind?: string; portsEnd?: number; slot?: number };
  const namesSlot = row.kind === "tail" || row.portsEnd !== undefined;
  return text(namesSlot ? { ...row, slot: ownerOf.get(`tc${row.slot}`) } : value);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part === "bigint") return String(part);
    return part instanceof Uint8Array ? Buffer.from(part).toString("hex") : part;
  });
}
