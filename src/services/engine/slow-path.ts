import type { Dataplane } from "../../dataplane/dataplane.ts";
import { type Punt, punt } from "../../gen/bpf/core.ts";
import { recirculationObject } from "../../gen/bpf/recirculation.ts";
import { be16, u16 } from "../../lib/codec.ts";
import type { PuntedFrame } from "../cube-reader.ts";
import type { CubeRuntime } from "./cube.ts";
import type { LoadedCubes } from "./loaded-cubes.ts";
import type { Reactions } from "./reactions.ts";
import { isTransparent } from "./topology.ts";

/** Of the two MAC addresses, behind which a tag stands. */
const ADDRESSES_SIZE = 12;

/** The second bank of rows of a transparent cube is for a moment only (transparent.h). */
const WAY_MASK = 1;

const { punts } = recirculationObject.maps;

export interface SlowPathParts {
  /** The object on the recirculation device, which has the ring buffer too. */
  readonly objectId: string;
  readonly dataplane: Dataplane;
  readonly loaded: LoadedCubes;
  readonly reactions: Reactions;
}

/**
 * Hands services the frames that programs have punted. The ring buffer, which all cubes share, is
 * the queue: each frame is done with when the next is read, and what finds no room is dropped and
 * counted by the program.
 */
export function followPunts({ objectId, dataplane, loaded, reactions }: SlowPathParts): Disposable {
  return dataplane.subscribe(objectId, punts.name, (record) => {
    const head = punt.decode(record);
    const cube = loaded.bySlot(head.slot);
    const punted = cube?.service.punted;
    if (cube === undefined || punted === undefined) return;
    const frame = puntedFrame(cube, head, record.subarray(punt.size));
    reactions.run(cube, ({ reader }) => punted(frame, reader));
  });
}

function puntedFrame(cube: CubeRuntime, head: Punt, bytes: Uint8Array): PuntedFrame {
  const { length, segmentSize, reason, arg } = head;
  const at = isTransparent(cube.list) ? arg & WAY_MASK : arg;
  return { data: tagged(head, bytes.subarray(0, length)), segmentSize, at, reason };
}

function tagged({ vlanProtocol, vlanTci }: Punt, frame: Uint8Array): Uint8Array {
  if (vlanProtocol === 0) return frame;
  const [addresses, rest] = [frame.subarray(0, ADDRESSES_SIZE), frame.subarray(ADDRESSES_SIZE)];
  return Buffer.concat([addresses, be16.encode(vlanProtocol), u16.encode(vlanTci).reverse(), rest]);
}
