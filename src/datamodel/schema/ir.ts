/**
 * The intermediate schema (IR): what the compiler makes of a YANG module once imports, uses,
 * augments, deviations, features and typedefs are resolved. JSON-able; everything that runs
 * (codec, validators, gRPC descriptors, CLI) works from it and never from YANG text.
 *
 * Names in it are module names, never prefixes. `module` says in whose namespace a node lives
 * (RFC 7951 §4): an augmented node has the module of the augment.
 */

/** One implemented module with the data trees it defines, augments by other modules included. */
export interface IrModule {
  readonly name: string;
  readonly namespace: string;
  readonly prefix: string;
  readonly revision?: string;
  readonly description?: string;
  /** Names of the features that were enabled when the module was compiled. */
  readonly features: readonly string[];
  readonly extensions?: readonly IrExtension[];
  /** Every identity this module defines or that derives from one it references. */
  readonly identities: readonly IrIdentity[];
  readonly data: readonly IrNode[];
  readonly rpcs: readonly IrOperation[];
  readonly notifications: readonly IrNotification[];
}

/** An instance of an extension statement that the compiled schema keeps. */
export interface IrExtension {
  /** `module:extension-name`. */
  readonly name: string;
  readonly argument?: string;
}

export interface IrIdentity {
  /** `module:identity`. */
  readonly name: string;
  /** Direct bases, `module:identity`. */
  readonly bases: readonly string[];
  readonly description?: string;
}

/** An XPath 1.0 expression; prefixes in the text are module names already. */
export interface IrXpath {
  readonly expression: string;
  /** The module that names without a prefix belong to. */
  readonly module: string;
}

export interface IrMust extends IrXpath {
  readonly message?: string;
  readonly appTag?: string;
}

export interface IrWhen extends IrXpath {
  /**
   * `self`: the context node is the node itself; `parent`: it is the closest data-node ancestor
   * (a when on uses, augment, choice or case; RFC 7950 §7.21.5).
   */
  readonly context: "self" | "parent";
}

interface IrCommon {
  readonly name: string;
  readonly module: string;
  readonly description?: string;
  readonly reference?: string;
  readonly status?: "deprecated" | "obsolete";
  readonly when?: readonly IrWhen[];
  readonly extensions?: readonly IrExtension[];
}

interface IrDataCommon extends IrCommon {
  /** True for configuration, false for state. Always true inside rpc, action and notification. */
  readonly config: boolean;
}

interface IrParent {
  readonly children: readonly IrNode[];
  readonly actions?: readonly IrOperation[];
  readonly notifications?: readonly IrNotification[];
}

export interface IrContainer extends IrDataCommon, IrParent {
  readonly kind: "container";
  readonly presence?: string;
  readonly musts?: readonly IrMust[];
}

export interface IrList extends IrDataCommon, IrParent {
  readonly kind: "list";
  /** Key leaf names in the order of the key statement; empty for a keyless state list. */
  readonly keys: readonly string[];
  readonly userOrdered: boolean;
  readonly minElements?: number;
  readonly maxElements?: number;
  /** Each unique statement as paths of leaf names below the entry. */
  readonly uniques?: readonly (readonly (readonly string[])[])[];
  readonly musts?: readonly IrMust[];
}

export interface IrLeaf extends IrDataCommon {
  readonly kind: "leaf";
  readonly type: IrType;
  readonly mandatory: boolean;
  /** Lexical form; identities and instance identifiers with module names for prefixes. */
  readonly default?: string;
  readonly units?: string;
  readonly musts?: readonly IrMust[];
}

export interface IrLeafList extends IrDataCommon {
  readonly kind: "leaf-list";
  readonly type: IrType;
  readonly userOrdered: boolean;
  readonly minElements?: number;
  readonly maxElements?: number;
  readonly defaults?: readonly string[];
  readonly units?: string;
  readonly musts?: readonly IrMust[];
}

export interface IrAnydata extends IrDataCommon {
  readonly kind: "anydata" | "anyxml";
  readonly mandatory: boolean;
  readonly musts?: readonly IrMust[];
}

export interface IrChoice extends IrDataCommon {
  readonly kind: "choice";
  readonly mandatory: boolean;
  /** Name of the default case. */
  readonly default?: string;
  readonly cases: readonly IrCase[];
}

export interface IrCase extends IrCommon {
  readonly kind: "case";
  readonly children: readonly IrNode[];
}

export type IrNode = IrContainer | IrList | IrLeaf | IrLeafList | IrAnydata | IrChoice;

/** An rpc or an action. */
export interface IrOperation extends IrCommon {
  readonly kind: "operation";
  readonly input: IrParameters;
  readonly output: IrParameters;
}

export interface IrParameters {
  readonly children: readonly IrNode[];
  readonly musts?: readonly IrMust[];
}

export interface IrNotification extends IrCommon {
  readonly kind: "notification";
  readonly children: readonly IrNode[];
  readonly musts?: readonly IrMust[];
}

/** A closed interval, bounds in lexical form (decimal). */
export interface IrInterval {
  readonly min: string;
  readonly max: string;
}

export interface IrRestriction {
  /** Disjoint, ascending; typedef chains are already intersected. */
  readonly intervals: readonly IrInterval[];
  readonly message?: string;
  readonly appTag?: string;
}

export interface IrPattern {
  /** XSD regular expression as written. */
  readonly expression: string;
  readonly invertMatch?: boolean;
  readonly message?: string;
  readonly appTag?: string;
}

export type IrIntegerBase =
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64";

interface IrTypeCommon {
  /** `module:typedef` the leaf named, where it named one. */
  readonly typedef?: string;
  /**
   * Typedefs that one is derived from, nearest first: some, as mac-address, fix a canonical form.
   */
  readonly typedefChain?: readonly string[];
}

export type IrType = IrTypeCommon &
  (
    | { readonly base: IrIntegerBase; readonly range?: IrRestriction }
    | {
        readonly base: "decimal64";
        readonly fractionDigits: number;
        readonly range?: IrRestriction;
      }
    | {
        readonly base: "string";
        readonly length?: IrRestriction;
        /** All must match: those of the whole typedef chain. */
        readonly patterns?: readonly IrPattern[];
      }
    | { readonly base: "binary"; readonly length?: IrRestriction }
    | { readonly base: "boolean" }
    | { readonly base: "empty" }
    | { readonly base: "enumeration"; readonly enums: readonly IrEnum[] }
    | { readonly base: "bits"; readonly bits: readonly IrBit[] }
    | {
        readonly base: "leafref";
        readonly path: IrXpath;
        readonly requireInstance: boolean;
        /** Schema path of the target, `/module:name/…` with a prefix where the module changes. */
        readonly target: string;
        /** The target's type, itself resolved. */
        readonly type: IrType;
      }
    | { readonly base: "identityref"; readonly bases: readonly string[] }
    | { readonly base: "instance-identifier"; readonly requireInstance: boolean }
    | { readonly base: "union"; readonly types: readonly IrType[] }
  );

export interface IrEnum {
  readonly name: string;
  readonly value: number;
  readonly description?: string;
}

export interface IrBit {
  readonly name: string;
  readonly position: number;
  readonly description?: string;
}
