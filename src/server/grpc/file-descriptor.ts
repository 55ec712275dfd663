import protobuf from "protobufjs";
import descriptorJson from "protobufjs/google/protobuf/descriptor.json" with { type: "json" };
import { jsonName } from "./naming.ts";
import type {
  ProtoEnum,
  ProtoField,
  ProtoFile,
  ProtoMessage,
  ProtoScalar,
  Reserved,
} from "./proto-model.ts";

/** google.protobuf.FileDescriptorProto as a plain object in protobufjs' spelling. */
export interface FileDescriptor {
  readonly name: string;
  readonly package: string;
  readonly dependency: readonly string[];
  readonly messageType: readonly MessageDescriptor[];
  readonly enumType: readonly EnumDescriptor[];
  readonly service: readonly ServiceDescriptor[];
  readonly syntax: string;
}

export interface MessageDescriptor {
  readonly name: string;
  readonly field?: readonly FieldDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly oneofDecl?: readonly { readonly name: string }[];
  readonly reservedRange?: readonly { readonly start: number; readonly end: number }[];
  readonly reservedName?: readonly string[];
}

export interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly label: number;
  readonly type: number;
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly jsonName: string;
  readonly proto3Optional?: boolean;
}

export interface EnumDescriptor {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number: number }[];
  readonly reservedRange?: readonly { readonly start: number; readonly end: number }[];
  readonly reservedName?: readonly string[];
}

export interface ServiceDescriptor {
  readonly name: string;
  readonly method: readonly {
    readonly name: string;
    readonly inputType: string;
    readonly outputType: string;
    readonly clientStreaming?: boolean;
    readonly serverStreaming?: boolean;
  }[];
}

/** google.protobuf.FieldDescriptorProto.Type. */
export const fieldTypes: Readonly<Record<ProtoScalar | "message" | "enum", number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  message: 11,
  bytes: 12,
  uint32: 13,
  enum: 14,
  sint32: 17,
  sint64: 18,
};

export const labels = { optional: 1, repeated: 3 };

const root = protobuf.Root.fromJSON(descriptorJson);
const fileType = root.lookupType("google.protobuf.FileDescriptorProto");
const fileSetType = root.lookupType("google.protobuf.FileDescriptorSet");

export function encodeFileDescriptor(file: FileDescriptor): Uint8Array {
  return fileType.encode(fileType.fromObject(file)).finish();
}

/** A serialised FileDescriptorSet, as protoc writes it, taken apart. */
export function decodeFileDescriptorSet(bytes: Uint8Array): FileDescriptor[] {
  const decoded = fileSetType.toObject(fileSetType.decode(bytes), { arrays: true });
  return decoded["file"];
}

/** What protoc makes of the printed file, options and source positions left out. */
export function fileDescriptor(file: ProtoFile): FileDescriptor {
  return {
    name: file.name,
    package: file.package,
    dependency: file.imports,
    messageType: file.messages.map(messageDescriptor),
    enumType: file.enums.map(enumDescriptor),
    service: file.services.map(serviceDescriptor),
    syntax: "proto3",
  };
}

function messageDescriptor(message: ProtoMessage): MessageDescriptor {
  const oneofs = oneofsOf(message.fields);
  return {
    name: message.name,
    field: message.fields.map((field) => fieldDescriptor(field, oneofs)),
    nestedType: message.messages.map(messageDescriptor),
    enumType: message.enums.map(enumDescriptor),
    oneofDecl: oneofs.map((name) => ({ name })),
    // The end of a message's range is exclusive, that of an enum's is inclusive.
    ...reserved(message.reserved, 1),
  };
}

/** Real oneofs first, then one made up for each field with explicit presence, as protoc does. */
function oneofsOf(fields: readonly ProtoField[]): string[] {
  const real = new Set(fields.flatMap(({ oneof }) => oneof ?? []));
  const taken = new Set([...real, ...fields.map(({ name }) => name)]);
  const synthetic = fields
    .filter(({ optional }) => optional)
    .map(({ name }) => {
      let chosen = `_${name}`;
      while (taken.has(chosen)) chosen = `X${chosen}`;
      taken.add(chosen);
      return chosen;
    });
  return [...real, ...synthetic];
}

function fieldDescriptor(field: ProtoField, oneofs: readonly string[]): FieldDescriptor {
  const { type } = field;
  const oneof = field.oneof ?? (field.optional ? oneofs.find(isMadeFor(field.name)) : undefined);
  return {
    name: field.name,
    number: field.number,
    label: field.repeated ? labels.repeated : labels.optional,
    type: fieldTypes["scalar" in type ? type.scalar : "message" in type ? "message" : "enum"],
    ...("scalar" in type ? {} : { typeName: `.${"message" in type ? type.message : type.enum}` }),
    ...(oneof === undefined ? {} : { oneofIndex: oneofs.indexOf(oneof) }),
    jsonName: jsonName(field.name),
    ...(field.optional ? { proto3Optional: true } : {}),
  };
}

function isMadeFor(field: string): (oneof: string) => boolean {
  return (oneof) => oneof.replace(/^X*_/, "") === field && oneof !== field;
}

function enumDescriptor(described: ProtoEnum): EnumDescriptor {
  return {
    name: described.name,
    value: described.values.map(({ name, number }) => ({ name, number })),
    ...reserved(described.reserved, 0),
  };
}

function reserved(entries: readonly Reserved[], past: number) {
  if (entries.length === 0) return {};
  return {
    reservedRange: entries.map(({ number }) => ({ start: number, end: number + past })),
    reservedName: entries.map(({ name }) => name),
  };
}

function serviceDescriptor(service: ProtoFile["services"][number]): ServiceDescriptor {
  return {
    name: service.name,
    method: service.methods.map((method) => ({
      name: method.name,
      inputType: `.${method.request}`,
      outputType: `.${method.response}`,
      ...(method.clientStreaming ? { clientStreaming: true } : {}),
      ...(method.serverStreaming ? { serverStreaming: true } : {}),
    })),
  };
}
