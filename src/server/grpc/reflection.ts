import { status } from "@grpc/grpc-js";
import {
  encodeFileDescriptor,
  type FileDescriptor,
  type MessageDescriptor,
} from "./file-descriptor.ts";
import type { PlainMessage } from "./leaf-codec.ts";

/**
 * Server reflection over the descriptors as they are. The package @grpc/reflection serves only what
 * its own loader made of .proto files on disk, and merges files of one package.
 */
export class Reflection {
  readonly #files = new Map<string, FileDescriptor>();
  readonly #fileOfSymbol = new Map<string, string>();
  readonly #services: readonly string[];

  constructor(files: readonly FileDescriptor[]) {
    for (const file of files) {
      this.#files.set(file.name, file);
      for (const symbol of symbolsOf(file)) this.#fileOfSymbol.set(symbol, file.name);
    }
    this.#services = files
      .flatMap((file) => (file.service ?? []).map(({ name }) => `${file.package}.${name}`))
      .sort();
  }

  /** The ServerReflectionResponse to a ServerReflectionRequest. */
  answer(request: PlainMessage): PlainMessage {
    const base = { valid_host: request["host"] ?? "", original_request: request };
    return { ...base, ...this.#answer(request) };
  }

  #answer(request: PlainMessage): PlainMessage {
    if (request["list_services"] !== undefined) {
      const service = this.#services.map((name) => ({ name }));
      return { list_services_response: { service } };
    }
    const symbol = request["file_containing_symbol"] as string | undefined;
    if (symbol !== undefined) return this.#file(this.#fileOfSymbol.get(symbol), symbol);
    const name = request["file_by_filename"] as string | undefined;
    if (name !== undefined) return this.#file(name, name);
    if (request["all_extension_numbers_of_type"] !== undefined) {
      const base_type_name = request["all_extension_numbers_of_type"];
      return { all_extension_numbers_response: { base_type_name, extension_number: [] } };
    }
    return refused(status.NOT_FOUND, "proto3 files have no extensions");
  }

  /** A file with everything it imports, itself first. */
  #file(name: string | undefined, asked: string): PlainMessage {
    if (name === undefined || !this.#files.has(name)) {
      return refused(status.NOT_FOUND, `not found: ${asked}`);
    }
    const wanted = new Set<string>([name]);
    for (const each of wanted) {
      for (const dependency of this.#files.get(each)?.dependency ?? []) wanted.add(dependency);
    }
    const files = [...wanted].flatMap((each) => this.#files.get(each) ?? []);
    return { file_descriptor_response: { file_descriptor_proto: files.map(encodeFileDescriptor) } };
  }
}

function refused(code: status, message: string): PlainMessage {
  return { error_response: { error_code: code, error_message: message } };
}

function* symbolsOf(file: FileDescriptor): Generator<string> {
  const scope = file.package;
  for (const message of file.messageType ?? []) yield* messageSymbols(message, scope);
  for (const { name } of file.enumType ?? []) yield `${scope}.${name}`;
  for (const { name, method } of file.service ?? []) {
    yield `${scope}.${name}`;
    for (const { name: methodName } of method) yield `${scope}.${name}.${methodName}`;
  }
}

function* messageSymbols(message: MessageDescriptor, scope: string): Generator<string> {
  const fullName = `${scope}.${message.name}`;
  yield fullName;
  for (const { name } of message.field ?? []) yield `${fullName}.${name}`;
  for (const { name } of message.enumType ?? []) yield `${fullName}.${name}`;
  for (const nested of message.nestedType ?? []) yield* messageSymbols(nested, fullName);
}
