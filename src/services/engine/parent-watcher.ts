import { listChanges, type YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Parent } from "../cube-reader.ts";
import type { AttachmentIndex } from "./attachments.ts";
import { baseOf } from "./cube.ts";
import type { Planner } from "./planner.ts";
import type { Reactions } from "./reactions.ts";
import { parsePeer, type Topology } from "./topology.ts";

export interface ParentWatcherParts {
  readonly planner: Planner;
  readonly attachments: AttachmentIndex;
  /** The running configuration. */
  readonly root: () => DataObject;
}

/** Tells services of what their transparent cubes are attached to. */
export class ParentWatcher {
  readonly #parts: ParentWatcherParts;
  readonly #reactions: Reactions;
  /** By cube: what its service has been told. */
  readonly #told = new Map<string, Parent>();

  /** The configuration that was looked at last. */
  #seen: DataObject | undefined;

  constructor(parts: ParentWatcherParts, reactions: Reactions) {
    this.#parts = parts;
    this.#reactions = reactions;
  }

  /** Looks at all cubes whose services want to know, if ports, devices or cubes have changed. */
  look(): void {
    const { planner, attachments, root } = this.#parts;
    const before = this.#seen;
    this.#seen = root();
    if (before && !this.#isRewired(before, this.#seen)) return;
    const topology = planner.topology(this.#seen);
    const gone = new Set(this.#told.keys());
    for (const cube of planner.loaded) {
      const { parentChanged } = cube.service;
      if (parentChanged === undefined) continue;
      gone.delete(cube.id);
      const was = this.#told.get(cube.id);
      const is = parentOf(topology, attachments.parentOf(cube.name));
      if (was?.name === is?.name && was?.peer === is?.peer) continue;
      if (is) this.#told.set(cube.id, is);
      else this.#told.delete(cube.id);
      this.#reactions.run(cube, ({ reader }) => parentChanged(was, is, reader));
    }
    for (const id of gone) this.#told.delete(id);
  }

  /** O(changed cubes): most commits concern none of this. */
  #isRewired(before: DataObject, after: DataObject): boolean {
    const { planner } = this.#parts;
    const devices = planner.topology(after).changedDevices(planner.topology(before));
    if (devices.length > 0) return true;
    return [...planner.services.keys()].some(({ prop }) => {
      const cubes = after[prop] as YangList<DataObject>;
      const changes = listChanges(before[prop] as YangList<DataObject> | undefined, cubes);
      return [...changes].some(([, was, is]) => {
        return was === undefined || is === undefined || baseOf(was).ports !== baseOf(is).ports;
      });
    });
  }
}

/** `name`: a device, or `cube:port`; empty for none. */
function parentOf(topology: Topology, name: string): Parent | undefined {
  const parsed = parsePeer(name);
  if (parsed === undefined) return undefined;
  const peer = parsed.cube && topology.port(parsed.cube, parsed.port)?.peer;
  return peer ? { name, peer } : { name };
}
