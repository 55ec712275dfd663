import type { Schema } from "../../datamodel/schema/schema.ts";
import { nodeAt } from "../../datamodel/tree/diff.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { Device, DeviceEvent, Devices } from "../../dataplane/dataplane.ts";
import { Breather } from "../../lib/slices.ts";
import { type Discovered, hasCubes } from "../any-service.ts";
import type { ModuleDefinition } from "../operation.ts";
import type { AttachmentIndex } from "./attachments.ts";
import { hostContext } from "./host-context.ts";
import { refPath, rootPath } from "./node-ref.ts";
import type { PeerIndex } from "./peers.ts";
import type { AffectedCubes, DeviceNews, DevicePlan } from "./planner.ts";
import type { PortName } from "./port-changes.ts";
import type { ReactionParts } from "./reactions.ts";
import { applySteps, deviceVanished, StepError } from "./step.ts";

export interface DeviceFollowerParts extends ReactionParts {
  readonly schema: Schema;
  readonly services: readonly Discovered[];
  readonly devices: Devices;
  readonly peers: PeerIndex;
  /** Called when the facts of ports may have changed. */
  readonly rewired: (affected: AffectedCubes) => void;
  readonly attachments: AttachmentIndex;
}

/** What happened to one device since it was followed last. */
interface Happened {
  readonly device: Device;
  /** It, or another that had its index, was removed; it may be there again. */
  readonly wasRemoved: boolean;
}

type NamedPort = Pick<PortName, "cube" | "port">;

/** Keeps wiring, port facts and watchers current when network devices come, go and change. */
export class DeviceFollower implements Disposable {
  readonly #parts: DeviceFollowerParts;
  readonly #subscription: Disposable;
  /** By index. */
  readonly #waiting = new Map<number, Happened>();

  constructor(parts: DeviceFollowerParts) {
    this.#parts = parts;
    this.#subscription = parts.devices.subscribe((event) => {
      this.#tellModules(event);
      this.#note(event);
    });
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  /** Takes one turn for all that happens to a device until then. */
  #note({ kind, device }: DeviceEvent): void {
    const { ifindex } = device;
    const { turns, onError } = this.#parts;
    const before = this.#waiting.get(ifindex);
    const wasRemoved = kind === "removed" || before?.wasRemoved === true;
    this.#waiting.set(ifindex, { device, wasRemoved });
    if (before) return;
    turns
      .take(() => this.#followNext(ifindex))
      .catch((error: unknown) => {
        // All was undone, and the event that says so is on its way.
        if (!(error instanceof StepError && deviceVanished(error))) onError(error);
      });
  }

  async #followNext(ifindex: number): Promise<void> {
    const happened = this.#waiting.get(ifindex);
    this.#waiting.delete(ifindex);
    if (happened) await this.#follow(happened);
  }

  /** Wires what names the device, by its name now and by the one it was wired under. */
  async #follow({ device, wasRemoved }: Happened): Promise<void> {
    const { planner, peers, changed } = this.#parts;
    const { ifindex, name } = device;
    const wired = planner.wiring.portOf(ifindex);
    const named = peers.portOf(name);
    const isSame = wired?.cube === named?.cube && wired?.port === named?.port;
    const ports = [isSame ? undefined : wired, named].filter((port) => port !== undefined);
    if (ports.length === 0 && !this.#isUsed(device)) return;
    // The same index may be another device's by now: what was wired to it is gone all the same.
    let done = await this.#rewire({ ifindex, ports }, { isGone: wasRemoved });
    if (wasRemoved) done = await this.#rewire({ ifindex, ports: done.ports }, { isGone: false });
    const paths = done.ports
      .map((port) => this.#portPath(port))
      .filter((path) => path !== undefined);
    if (paths.length > 0) changed(paths);
  }

  #isUsed({ ifindex, name }: Device): boolean {
    const { planner, root } = this.#parts;
    if (planner.wiring.entryObject(ifindex) !== undefined) return true;
    return planner.topology(root()).attachedTo(name).length > 0;
  }

  /**
   * Waits before it rewires: undoing a commit must find the wiring and facts that it left. Gives
   * what was done.
   */
  async #rewire(news: DeviceNews, options: { readonly isGone: boolean }): Promise<DevicePlan> {
    const { planner, durable, root, succeeded, rewired } = this.#parts;
    const breather = new Breather();
    const plan = () => breather.run(planner.planDevice(root(), news, options));
    let planned = await plan();
    if (planned.hasEffect) {
      await durable();
      planned = await plan();
    }
    await applySteps(planned.steps, breather);
    succeeded(planned);
    rewired(planned.affected);
    return planned;
  }

  #tellModules(event: DeviceEvent): void {
    for (const service of this.#parts.services) {
      if (!hasCubes(service)) this.#tellModule(service, event);
    }
  }

  #tellModule({ deviceChanged }: ModuleDefinition, event: DeviceEvent): void {
    const { schema, changed, root, onError } = this.#parts;
    try {
      const refs = deviceChanged?.(event, hostContext(this.#parts, root())) ?? [];
      if (refs.length > 0) changed(refs.map((ref) => rootPath(schema.root, ref)));
    } catch (error) {
      onError(error);
    }
  }

  #portPath({ cube, port }: NamedPort): InstancePath | undefined {
    for (const list of this.#parts.planner.services.keys()) {
      if (!list.childByName.has("ports")) continue;
      const ref = refPath(list, cube, ["ports", [port]]);
      if (nodeAt(this.#parts.root(), ref) !== undefined) return ref;
    }
    return undefined;
  }
}
