import type { Alarm, Clip, Patch, Tray } from "./patch-model.ts";

type Ports = Patch["ports"];
type Trays = Patch["tray"];

export function clipRow({ number, port }: Clip, { ports }: Patch, tray: Tray) {
  const { slot, height, label } = tray;
  const value = label.colour * 2 ** 24 + height * 256 + index(ports, port);
  return { key: slot * 65_536 + number, value };
}

/** How high each tray lies: the sum of the heights below it, in the user's order. */
export function* stackRows(trays: Trays) {
  let below = 0;
  let position = 0;
  for (const { height } of trays) {
    yield { key: position, value: below };
    below += height;
    position += 1;
  }
}

/** By port: how many clips hold its cable. */
export function* holdRows([trays, ports]: readonly [Trays, Ports]) {
  for (const { name, index: key } of ports) {
    const value = clipsAt(trays, name);
    if (value > 0) yield { key, value };
  }
}

/** The same for the ports alone whose clips are in trays that changed. */
export function* holdChanges(
  [traysWere, portsWere]: readonly [Trays, Ports],
  [trays, ports]: readonly [Trays, Ports],
) {
  if (ports !== portsWere) for (const { index: key } of portsWere) yield { key };
  const touched = trays.changes(traysWere).flatMap(([, was, is]) => [was, is]);
  const names = touched.flatMap((tray) => [...(tray?.clip ?? [])].map(({ port }) => port));
  const affected = ports === portsWere ? names : [...ports].map(({ name }) => name);
  for (const name of new Set(affected)) {
    const key = ports.get(name)?.index;
    if (key === undefined) continue;
    const value = clipsAt(trays, name);
    yield value > 0 ? { key, value } : { key };
  }
}

function clipsAt(trays: Trays, name: string): number {
  const clips = [...trays].flatMap(({ clip }) => [...clip]);
  return clips.filter(({ port }) => port === name).length;
}

/** One row: how brightly all lamps shine together. */
export function glowRows(lamps: Iterable<Alarm>) {
  const value = [...lamps].reduce((sum, { colour }) => sum + colour, 0);
  return [{ key: 0, value }];
}

export function index(ports: Ports, name: string): number {
  return ports.get(name)?.index ?? 0;
}
