import type { IrModule } from "../datamodel/schema/ir.ts";
import type { YangList } from "../datamodel/tree/list.ts";
import type { DataObject } from "../datamodel/tree/node.ts";
import type { ObjectLayout } from "../dataplane/layout.ts";
import type { Parent, PuntedFrame, Reaction, StateMap } from "./cube-reader.ts";
import type { PortFact } from "./facts.ts";
import type {
  ModuleDefinition,
  NodeKeys,
  NodeRef,
  OperationResult,
  RpcSet,
  ServiceViolation,
} from "./operation.ts";

/** What a folder of a service exports. */
export type Discovered = AnyService | ModuleDefinition;

export function hasCubes(service: Discovered): service is AnyService {
  return "object" in service;
}

/** A service as the engine holds it: found by folder at run time, so its types are erased. */
export interface AnyService {
  readonly model: { readonly ir: IrModule };
  readonly object: ObjectLayout;
  readonly programs: {
    readonly tc: string | { readonly ingress: string; readonly egress?: string };
    readonly xdp?: string | { readonly ingress: string };
  };
  readonly capacity?: Readonly<Record<string, (config: AnyConfig) => number>>;
  readonly constants?: (config: AnyConfig) => Readonly<Record<string, unknown>>;
  readonly facts?: { readonly initial: unknown };
  readonly tables: Readonly<Record<string, AnyTable>>;
  readonly derived?: Readonly<Record<string, AnyDerived>>;
  readonly validate?: (config: AnyConfig) => Iterable<ServiceViolation>;
  readonly state?: Readonly<Record<string, (cube: AnyCubeReader, only: NodeRef) => object>>;
  readonly events?: Readonly<Record<string, AnyReducer>>;
  readonly punted?: (frame: PuntedFrame, cube: AnyCubeReader) => Reaction<unknown>;
  readonly actions?: Readonly<
    Record<string, (input: object, cube: AnyCubeReader, keys: NodeKeys) => OperationResult>
  >;
  readonly rpcs?: RpcSet;
  readonly forget?: Readonly<
    Record<string, (keys: readonly unknown[], cube: AnyCubeReader) => boolean>
  >;
  readonly portChanged?: (
    was: PortFact<object> | undefined,
    is: PortFact<object> | undefined,
    cube: AnyCubeReader,
  ) => Reaction<unknown>;
  readonly parentChanged?: (
    was: Parent | undefined,
    is: Parent | undefined,
    cube: AnyCubeReader,
  ) => Reaction<unknown>;
  readonly portReleased?: (port: number, cube: AnyCubeReader) => Reaction<unknown>;
  readonly expire?: {
    readonly everyMs: (config: AnyConfig) => number;
    readonly run: (cube: AnyCubeReader) => Reaction<unknown>;
  };
}

export type AnyReducer = (record: Uint8Array, cube: AnyCubeReader) => Reaction<unknown>;

export interface AnyTable {
  readonly entries: AnyEntries | AnyNestedEntries;
  readonly row: (entry: AnyConfig, config: AnyConfig, parent?: AnyConfig) => AnyRow;
}

export type AnyEntries = (
  config: AnyConfig,
  facts: AnyFacts,
) => YangList<AnyConfig> | readonly AnyConfig[];

export interface AnyNestedEntries {
  readonly outer: (config: AnyConfig, facts: AnyFacts) => YangList<AnyConfig>;
  readonly inner: (parent: AnyConfig) => YangList<AnyConfig>;
}

export interface AnyDerived {
  readonly from: (config: AnyConfig, facts: AnyFacts) => unknown;
  readonly rows: (source: unknown) => Iterable<AnyRow>;
  readonly changes?: (was: unknown, is: unknown) => Iterable<AnyRow>;
}

interface AnyRow {
  readonly key: unknown;
  readonly value: unknown;
}

/** Configuration of a cube whose model is not known at compile time. */
export type AnyConfig = DataObject;

export interface AnyFacts {
  readonly ports: YangList<PortFact<object>, readonly [name: string]>;
  readonly own: unknown;
}

export interface AnyCubeReader {
  readonly config: AnyConfig;
  readonly facts: AnyFacts;
  readonly maps: Readonly<Record<string, StateMap<unknown, unknown>>>;
  portName(index: number): string | undefined;
  now(): bigint;
}
