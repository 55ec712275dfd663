import { randomInt } from "node:crypto";
import type { Dataplane, Devices, Hook } from "../../dataplane/dataplane.ts";
import { recirculationObject } from "../../gen/bpf/recirculation.ts";
import type { Inheritance } from "./inheritance.ts";
import { attachStep, loadStep } from "./placing.ts";
import { rowStep } from "./rows.ts";
import type { Step, StepOwner } from "./step.ts";

/** The name of the object on the recirculation device. */
export const recirculationId = "recirculation";

const hooks: readonly Hook[] = ["tcx-egress", "tcx-ingress"];
const nonceMax = 2 ** 32;
const wanted = { object: recirculationObject.name, constants: {}, capacity: {} };
const owner: StepOwner = { cube: "", cause: "" };
const { recirculation } = recirculationObject.maps;

interface Parts {
  readonly dataplane: Dataplane;
  readonly devices: Devices;
}

/**
 * What puts the programs on the recirculation device, if there is one, so that frames can go round
 * by it into a cube (docs/adr/0014-recirculation.md). The row comes last: programs send frames from
 * then on.
 */
export function recirculationSteps(
  parts: Parts,
  inherited: Inheritance,
  ifindex: number | undefined,
): readonly Step[] {
  const { dataplane } = parts;
  const { id: objectId, from } = inherited.place(recirculationId, wanted);
  const request = { ...wanted, id: objectId };
  const target = recirculationId;
  const load = loadStep(dataplane, { owner, layout: recirculationObject, request, from, target });
  if (ifindex === undefined) return [load];
  const { name: program } = recirculationObject.programs.recirculate;
  const attachments = hooks.map((hook) => {
    return attachStep(parts, owner, { ifindex, hook, objectId, program });
  });
  const row = rowStep(
    { ...owner, dataplane, objectId, layout: recirculation },
    { key: 0, was: { ifindex: 0, nonce: 0 }, is: { ifindex, nonce: nonceOf(dataplane) } },
  );
  return [load, ...attachments, row];
}

/** Nothing may send frames round any more. */
export function removeRecirculation(dataplane: Dataplane): void {
  const ids = dataplane.objects().filter(isRecirculation);
  for (const { ifindex, hook, objectId } of dataplane.attachments()) {
    if (ids.includes(objectId)) dataplane.detach(ifindex, hook);
  }
  for (const id of ids) dataplane.unloadObject(id);
  dataplane.removeRecirculation();
}

/** The object on the recirculation device, by the name that it was loaded under. */
export function recirculationObjectId(dataplane: Dataplane): string {
  return dataplane.objects().find(isRecirculation) ?? recirculationId;
}

/** Whether an object was loaded for the recirculation device. */
export function isRecirculation(id: string): boolean {
  return id.split("~")[0] === recirculationId;
}

/** Frames on their way have the nonce that there is. */
function nonceOf(dataplane: Dataplane): number {
  const { name, key, value } = recirculation;
  const id = dataplane.objects().find(isRecirculation);
  const row = id === undefined ? undefined : dataplane.lookup(id, name, key.encode(0));
  const { nonce } = value.decode(row ?? new Uint8Array(value.size));
  return nonce === 0 ? randomInt(1, nonceMax) : nonce;
}
