import type { IrModule } from "../datamodel/schema/ir.ts";
import type { LeafValue } from "../datamodel/schema/value-type.ts";
import type { DataObject } from "../datamodel/tree/node.ts";
import type { DeviceEvent, Devices } from "../dataplane/dataplane.ts";

/** Types of keys are narrower than those of leaves: none is `empty`. */
export type KeyValue = Exclude<LeafValue, null>;
export type NodeKeys = readonly KeyValue[];

/**
 * A node below a cube, or below the root where there is no cube: child names, the keys after each
 * list, and the value after a leaf-list where one of its entries is meant:
 * `["fdb", "entry", [mac]]`.
 */
export type NodeRef = readonly (string | NodeKeys)[];

export interface ServiceViolation {
  readonly at: NodeRef;
  readonly message: string;
}

/** A YANG notification to be sent. */
export interface ServiceNotification {
  /** The node below the cube that has it; left out: the cube, or else the module. */
  readonly at?: NodeRef;
  readonly name: string;
  /** By property, in the form of an edit's value. */
  readonly value: object;
}

/** What an action or rpc answers, and what it wants done. */
export interface OperationResult {
  readonly output: object;
  /** Nodes whose state it changed. */
  readonly changed?: readonly NodeRef[];
  /**
   * Changes of configuration: one commit, in this order. If it is refused or fails, the operation
   * does, and has done nothing.
   */
  readonly edits?: readonly ServiceEdit[];
}

/** A change of one node, as a client would make it (RFC 6241 §7.2). */
export type ServiceEdit = DeletingEdit | WritingEdit;

export interface DeletingEdit {
  readonly at: NodeRef;
  readonly operation: "delete" | "remove";
}

export type WritingEdit = Placement & {
  readonly at: NodeRef;
  readonly operation: "merge" | "create" | "replace";
  /**
   * A leaf's value, an array for a leaf-list or for the entries of a list, an object by property
   * for a container or an entry (its keys may be left out). Left out: nothing but the keys.
   */
  readonly value?: EditValue;
};

export type EditValue = LeafValue | readonly LeafValue[] | readonly object[] | object;

/** Where an entry of a user-ordered list or leaf-list goes; default last, or where it is. */
type Placement =
  | { readonly insert?: "first" | "last"; readonly point?: never }
  /** `point`: the keys of the entry, or the value of the leaf-list entry, that it goes beside. */
  | { readonly insert: "before" | "after"; readonly point: NodeKeys };

export type RpcSet = {
  readonly [name: string]: (input: object, host: HostContext) => OperationResult;
};

/** What there is on this host, to read: for rpcs, and for modules without cubes. */
export interface HostContext {
  /** The whole running configuration, by property of the top nodes. */
  readonly config: DataObject;
  /** The network devices of the daemon's namespace. */
  readonly devices: Pick<Devices, "byName" | "byIndex" | "list">;
  /** The port that a device feeds, as `cube:port`. */
  portOf(ifindex: number): string | undefined;
  /** Frames from a device that reached no cube, by reason. */
  dropsOf(ifindex: number): readonly { readonly reason: string; readonly packets: bigint }[];
  /** Every cube of every service, in order of service and name. */
  cubes(): Iterable<CubeEntry>;
}

export interface CubeEntry {
  /** The name of its service's module. */
  readonly service: string;
  /** Its place in the tree. */
  readonly ref: NodeRef;
  readonly config: DataObject;
}

/**
 * A model without cubes: nothing of it is in the kernel. Its configuration is there for others to
 * read; it adds state and rpcs.
 */
export interface ModuleDefinition {
  /** Generated from yang/<module>.yang. */
  readonly model: { readonly ir: IrModule };
  /** `config false` data by top node, as in ServiceDefinition. */
  readonly state?: { readonly [prop: string]: (host: HostContext, only: NodeRef) => object };
  readonly rpcs?: RpcSet;
  /** Told of a network device that came, went or changed; names nodes whose state changed. */
  readonly deviceChanged?: (event: DeviceEvent, host: HostContext) => readonly NodeRef[];
}

/** Checks a declaration without cubes; use it as `export const service = …`. */
export function defineModule(definition: ModuleDefinition): ModuleDefinition {
  return definition;
}
