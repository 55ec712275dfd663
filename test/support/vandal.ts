import type fc from "fast-check";
import fcheck from "fast-check";
import type { Dataplane } from "../../src/dataplane/dataplane.ts";
import type { MapLayout, ObjectLayout } from "../../src/dataplane/layout.ts";
import { entryObject } from "../../src/gen/bpf/entry.ts";

const deeds = ["row", "row", "program", "attachment"] as const;

/** Does to a data plane what the engine would not: one thing, if there is such a thing. */
export function vandalise(
  gen: fc.GeneratorValue,
  dataplane: Dataplane,
  layouts: readonly ObjectLayout[],
): void {
  const one = <T>(things: readonly T[]): T | undefined =>
    things[gen(fcheck.nat, Math.max(0, things.length - 1))];
  switch (gen(fcheck.constantFrom, ...deeds)) {
    case "row": {
      const place = one(rowPlaces(dataplane, layouts));
      if (place) touchRow(gen, dataplane, place);
      break;
    }
    case "program": {
      const slot = one(dataplane.programs());
      if (slot) dataplane.clearProgram(slot.family, slot.slot);
      break;
    }
    case "attachment": {
      const attachment = one(dataplane.attachments());
      if (attachment) dataplane.detach(attachment.ifindex, attachment.hook);
    }
  }
}

interface RowPlace {
  readonly objectId: string;
  readonly layout: MapLayout;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Rows that the engine has written. */
function rowPlaces(dataplane: Dataplane, layouts: readonly ObjectLayout[]): RowPlace[] {
  const byName = new Map([entryObject, ...layouts].map((layout) => [layout.name, layout]));
  return dataplane.objects().flatMap((objectId) => {
    const object = byName.get(dataplane.loadedRequest(objectId)?.object ?? "");
    const maps = Object.values(object?.maps ?? {}).filter(isEngines);
    return maps.flatMap((layout) => {
      const rows = dataplane.rows(objectId, layout.name);
      return rows.map((row) => ({ objectId, layout, ...row }));
    });
  });
}

function isEngines({ owner, type }: MapLayout): boolean {
  return owner === "config" || (owner === "core" && type === "array");
}

function touchRow(gen: fc.GeneratorValue, dataplane: Dataplane, place: RowPlace): void {
  const { objectId, layout, key, value } = place;
  if (gen(fcheck.boolean)) {
    dataplane.deleteRows(objectId, layout.name, [key]);
    return;
  }
  const other = Uint8Array.from(value);
  // What a byte of an enumeration may be is not asked: the first value is one of all.
  other.fill(0);
  dataplane.putRows(objectId, layout.name, [{ key, value: other }]);
}
