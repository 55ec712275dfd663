/** The names of the entry objects: one for each device that frames enter a cube from. */

/** On an entry object: the device is to leave promiscuous mode when the object goes. */
export const madePromiscuousNote = "promiscuous";

export function entryName(ifindex: number): string {
  return `devices/${ifindex}`;
}

/** The device an entry object is for, undefined for other objects. */
export function entryDevice(objectId: string): number | undefined {
  const ifindex = /^devices\/([0-9]+)(?:~[0-9]+)?$/.exec(objectId)?.[1];
  return ifindex === undefined ? undefined : Number(ifindex);
}
