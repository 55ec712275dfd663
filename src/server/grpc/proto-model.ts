import type {
  DataSchema,
  LeafSchema,
  ListSchema,
  NotificationSchema,
  OperationSchema,
  ParentSchema,
} from "../../datamodel/schema/schema.ts";

/**
 * A .proto file as data. It is printed, turned into a FileDescriptorProto and compiled into codecs;
 * nothing of it is known twice. Names of types are fully qualified, without a leading dot.
 */
export interface ProtoFile {
  /** `yangplane/simplebridge/v1/simplebridge.proto`. */
  readonly name: string;
  readonly package: string;
  readonly comment: string;
  readonly imports: readonly string[];
  readonly messages: readonly ProtoMessage[];
  readonly enums: readonly ProtoEnum[];
  readonly services: readonly ProtoService[];
}

export interface ProtoMessage {
  readonly name: string;
  readonly fullName: string;
  readonly comment?: string;
  readonly fields: readonly ProtoField[];
  readonly messages: readonly ProtoMessage[];
  readonly enums: readonly ProtoEnum[];
  readonly reserved: readonly Reserved[];
  /** The data node, parameters or notification this message holds. */
  readonly schema?: ParentSchema;
}

export interface Reserved {
  readonly number: number;
  readonly name: string;
}

export type ProtoScalar =
  | "bool"
  | "bytes"
  | "double"
  | "float"
  | "int32"
  | "int64"
  | "sint32"
  | "sint64"
  | "string"
  | "uint32"
  | "uint64";

export type ProtoType =
  | { readonly scalar: ProtoScalar }
  | { readonly message: string }
  | { readonly enum: string };

export interface ProtoField {
  readonly name: string;
  readonly number: number;
  readonly type: ProtoType;
  readonly repeated?: boolean;
  /** Explicit presence, printed `optional`; messages have presence anyway. */
  readonly optional?: boolean;
  readonly oneof?: string;
  readonly comment?: string;
  /** What the field holds: a data node, or the key of a list in a request. */
  readonly node?: DataSchema;
}

export interface ProtoEnum {
  readonly name: string;
  readonly fullName: string;
  readonly comment?: string;
  readonly values: readonly ProtoEnumValue[];
  readonly reserved: readonly Reserved[];
}

export interface ProtoEnumValue {
  readonly name: string;
  readonly number: number;
  readonly comment?: string;
  /** The YANG enum or bit; absent for the zero value. */
  readonly yang?: string;
}

export interface ProtoService {
  readonly name: string;
  readonly fullName: string;
  readonly comment?: string;
  readonly methods: readonly ProtoMethod[];
}

export interface ProtoMethod {
  readonly name: string;
  readonly request: string;
  readonly response: string;
  readonly clientStreaming?: boolean;
  readonly serverStreaming?: boolean;
  readonly comment?: string;
  /** What a generated method does; hand-written services have their own code. */
  readonly binding?: MethodBinding;
}

/** A key of an ancestor list, or of the entry itself, as a field of a request. */
export interface KeyField {
  readonly field: string;
  readonly list: ListSchema;
  readonly leaf: LeafSchema;
}

export type MethodVerb =
  | "get"
  | "list"
  | "create"
  | "update"
  | "delete"
  | "watch"
  | "invoke"
  | "notify";

export interface MethodBinding {
  readonly verb: MethodVerb;
  /** List, top-level container, operation or notification. */
  readonly target: DataSchema | OperationSchema | NotificationSchema;
  /** Keys in the request, outermost list first. */
  readonly keys: readonly KeyField[];
  /** For Watch: keys in a Change, the entry's own included. */
  readonly changeKeys: readonly KeyField[];
  /** Name of field 16. */
  readonly body: string;
}

/** Every message of a file, nested ones after their parent. */
export function* allMessages(messages: readonly ProtoMessage[]): Generator<ProtoMessage> {
  for (const message of messages) {
    yield message;
    yield* allMessages(message.messages);
  }
}
