import { assert } from "../../lib/assert.ts";
import {
  type EnumDescriptor,
  type FieldDescriptor,
  type FileDescriptor,
  fieldTypes,
  labels,
  type MessageDescriptor,
} from "./file-descriptor.ts";
import {
  allMessages,
  type ProtoEnum,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
  type ProtoScalar,
  type ProtoType,
} from "./proto-model.ts";

/** All message and enum types the server knows, by full name. */
export class TypeRegistry {
  readonly #messages = new Map<string, ProtoMessage>();
  readonly #enums = new Map<string, ProtoEnum>();

  add(file: ProtoFile): void {
    for (const message of allMessages(file.messages)) {
      this.#messages.set(message.fullName, message);
      for (const nested of message.enums) this.#enums.set(nested.fullName, nested);
    }
    for (const top of file.enums) this.#enums.set(top.fullName, top);
  }

  remove(file: ProtoFile): void {
    for (const message of allMessages(file.messages)) {
      this.#messages.delete(message.fullName);
      for (const nested of message.enums) this.#enums.delete(nested.fullName);
    }
    for (const top of file.enums) this.#enums.delete(top.fullName);
  }

  find(fullName: string): ProtoMessage | undefined {
    return this.#messages.get(fullName);
  }

  message(fullName: string): ProtoMessage {
    const found = this.#messages.get(fullName);
    assert(found, `message ${fullName} is loaded`);
    return found;
  }

  enum(fullName: string): ProtoEnum {
    const found = this.#enums.get(fullName);
    assert(found, `enum ${fullName} is loaded`);
    return found;
  }
}

/** A descriptor as protoc made it, in our form; only proto3. */
export function protoFile(file: FileDescriptor): ProtoFile {
  return {
    name: file.name,
    package: file.package,
    comment: "",
    imports: file.dependency ?? [],
    messages: (file.messageType ?? []).map((message) => protoMessage(message, file.package)),
    enums: (file.enumType ?? []).map((described) => protoEnum(described, file.package)),
    services: (file.service ?? []).map((service) => ({
      name: service.name,
      fullName: `${file.package}.${service.name}`,
      methods: service.method.map(({ inputType, outputType, ...method }) => ({
        ...method,
        request: inputType.slice(1),
        response: outputType.slice(1),
      })),
    })),
  };
}

function protoMessage(message: MessageDescriptor, scope: string): ProtoMessage {
  const fullName = `${scope}.${message.name}`;
  const oneofs = (message.oneofDecl ?? []).map(({ name }) => name);
  return {
    name: message.name,
    fullName,
    fields: (message.field ?? []).map((field) => protoField(field, oneofs)),
    messages: (message.nestedType ?? []).map((nested) => protoMessage(nested, fullName)),
    enums: (message.enumType ?? []).map((nested) => protoEnum(nested, fullName)),
    reserved: [],
  };
}

const scalarByNumber = new Map(
  Object.entries(fieldTypes).map(([name, number]) => [number, name as ProtoScalar]),
);

function protoField(field: FieldDescriptor, oneofs: readonly string[]): ProtoField {
  const { name, number } = field;
  // protobufjs gives 0 for an index that is absent.
  const hasOneof = Object.hasOwn(field, "oneofIndex") && !field.proto3Optional;
  const oneof = hasOneof ? oneofs[field.oneofIndex ?? 0] : undefined;
  return {
    name,
    number,
    type: protoType(field),
    ...(field.label === labels.repeated ? { repeated: true } : {}),
    ...(field.proto3Optional ? { optional: true } : {}),
    ...(oneof === undefined ? {} : { oneof }),
  };
}

function protoType(field: FieldDescriptor): ProtoType {
  const target = (field.typeName ?? "").slice(1);
  if (field.type === fieldTypes.message) return { message: target };
  if (field.type === fieldTypes.enum) return { enum: target };
  const scalar = scalarByNumber.get(field.type);
  assert(scalar, `field ${field.name} has a type the server's codec knows`);
  return { scalar };
}

function protoEnum(described: EnumDescriptor, scope: string): ProtoEnum {
  return {
    name: described.name,
    fullName: `${scope}.${described.name}`,
    values: described.value.map(({ name, number }) => ({ name, number })),
    reserved: [],
  };
}
