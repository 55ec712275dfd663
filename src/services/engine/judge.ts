import { type Violation, violationsMax } from "../../datamodel/error.ts";
import type { ListSchema, Schema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { type KnownPlace, knownPlace, printPath } from "../../datamodel/tree/path.ts";
import type { Making } from "../../datamodel/validate/pruner.ts";
import { createValidator, type Validator } from "../../datamodel/validate/validator.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import type { Slices } from "../../lib/slices.ts";
import { type AttachmentChanges, AttachmentIndex, removedCubes } from "./attachments.ts";
import { capacityViolations } from "./capacity.ts";
import { baseOf, cubePath } from "./cube.ts";
import { longWays } from "./long-ways.ts";
import { nameViolations } from "./names.ts";
import { refPath } from "./node-ref.ts";
import { type PeerCheck, PeerIndex } from "./peers.ts";
import type { Planner } from "./planner.ts";
import { portChanges } from "./port-changes.ts";
import { initOnlyViolations } from "./verify.ts";

export interface JudgeOptions {
  /** A restored configuration may name devices that are not there yet. */
  readonly restoring: boolean;
  /** Nodes whose content is not known: nothing is said that depends on it. */
  readonly unread?: readonly KnownPlace[];
}

/** A verdict in favour; `accept` once the commit is applied, `discard` if it is not. */
export interface Verdict {
  /** As many as an answer may carry; `total` counts all. */
  readonly violations: readonly Violation[];
  readonly total: number;
  accept(): void;
  discard(): void;
}

export interface JudgeParts {
  readonly devices: Devices;
  readonly dataplane: Pick<Dataplane, "ownDevices">;
  readonly planner: Planner;
}

/**
 * Judges a candidate: YANG's rules, names, connections, init-only leaves and what services add.
 * Everything is judged by what differs from the running configuration, and all violations are told
 * together.
 */
export class Judge {
  readonly peers: PeerIndex;
  readonly attachments: AttachmentIndex;
  readonly #schema: Schema;
  readonly #validator: Validator;
  readonly #planner: Planner;

  constructor(schema: Schema, { devices, dataplane, planner }: JudgeParts) {
    this.#schema = schema;
    this.#planner = planner;
    this.#validator = createValidator(schema);
    this.peers = new PeerIndex(devices, dataplane.ownDevices);
    this.attachments = new AttachmentIndex(schema, devices);
  }

  /** Modules have come or gone. @throws XpathError; the rules are those of before then */
  schemaChanged(): void {
    this.#validator.schemaChanged();
  }

  /** Fills the indexes from a configuration that is valid, so that the next verdict is not slow. */
  *learning(root: DataObject): Slices<void> {
    const validation = yield* this.#validator.validation(root, root);
    validation.discard();
  }

  /** See `Validator`: what edits made impossible goes with them. */
  pruning(older: DataObject, newer: DataObject, making: Making): Slices<DataObject> {
    return this.#validator.pruning(older, newer, making);
  }

  *judge(older: DataObject, newer: DataObject, options: JudgeOptions): Slices<Verdict> {
    const lists = [...this.#planner.services.keys()];
    const changes = this.#topologyChanges(older, newer);
    const topology = this.#planner.topology(newer);
    const yang = yield* this.#validator.validation(older, newer, options.unread);
    const violations = [
      ...yang.violations,
      ...initOnlyViolations(this.#schema, older, newer),
      ...nameViolations(lists, older, newer),
      ...(yield* this.#topologyViolations(changes, { ...options, topology })),
    ];
    // A service may rely on what YANG says, so it only judges what YANG accepts.
    const faulty = this.#cubesOf(violations, options.unread ?? []);
    violations.push(...this.#serviceViolations(older, newer, faulty));
    return {
      violations: violations.slice(0, violationsMax),
      total: violations.length - yang.violations.length + yang.total,
      accept: () => {
        yang.accept();
        this.peers.update(changes.ports);
        this.attachments.update(changes);
      },
      discard: () => yang.discard(),
    };
  }

  /** Paths of the cubes, or whatever is at the top, that something is wrong with. */
  #cubesOf(violations: readonly Violation[], unread: readonly KnownPlace[]): ReadonlySet<string> {
    const known = violations.map(({ path }) => knownPlace(this.#schema, path));
    return new Set([...known, ...unread].map(({ path }) => printPath(path.slice(0, 1))));
  }

  #topologyChanges(older: DataObject, newer: DataObject): AttachmentChanges {
    const lists = [...this.#planner.services.keys()].map((list) => {
      return [list, cubesOf(older, list), cubesOf(newer, list)] as const;
    });
    const before = this.#planner.topology(older);
    return {
      ports: lists.flatMap((versions) => portChanges(...versions)),
      devices: this.#planner.topology(newer).changedDevices(before),
      removed: lists.flatMap((versions) => removedCubes(...versions)),
    };
  }

  *#topologyViolations(changes: AttachmentChanges, check: PeerCheck): Slices<Violation[]> {
    const portOf = this.peers.portAfter(changes.ports);
    const { services } = this.#planner;
    // What was stored was judged before.
    const isGrown = !check.restoring;
    const parts = { schema: this.#schema, topology: check.topology, services, portOf };
    return [
      ...this.peers.check(changes.ports, check),
      ...this.attachments.check(changes, { ...check, portOf }),
      ...(isGrown ? yield* longWays(changes, parts) : []),
    ];
  }

  #serviceViolations(
    older: DataObject,
    newer: DataObject,
    faulty: ReadonlySet<string>,
  ): Violation[] {
    const violations: Violation[] = [];
    const topology = this.#planner.topology(newer);
    for (const [list, service] of this.#planner.services) {
      for (const [, was, config] of cubesOf(newer, list).changes(cubesOf(older, list))) {
        if (config === undefined) continue;
        const { name } = baseOf(config);
        if (faulty.has(cubePath({ list, name }))) continue;
        const facts = this.#planner.factsFor(service, topology, { was, is: config });
        violations.push(...capacityViolations(list, service, { config, facts }));
        for (const { at, message } of service.validate?.(config) ?? []) {
          const path = printPath(refPath(list, name, at));
          violations.push({ path, tag: "operation-failed", appTag: "service", message });
        }
      }
    }
    return violations;
  }
}

function cubesOf(root: DataObject, list: ListSchema): YangList<DataObject> {
  return root[list.prop] as YangList<DataObject>;
}
