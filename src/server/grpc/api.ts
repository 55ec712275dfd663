import type { Datastore } from "../../datamodel/datastore/datastore.ts";
import { coreDescriptorSet } from "../../gen/proto/core-descriptors.ts";
import type { Log } from "../../lib/log.ts";
import { ByteBudget } from "./byte-budget.ts";
import { MessageDecoder } from "./decode.ts";
import { descriptors } from "./descriptors.ts";
import { MessageEncoder } from "./encode.ts";
import { decodeFileDescriptorSet, type FileDescriptor, fileDescriptor } from "./file-descriptor.ts";
import { LeafCodecs } from "./leaf-codec.ts";
import { Listings } from "./listings.ts";
import type { Lock } from "./lock.ts";
import type { ProtoFile, ProtoMethod, ProtoService } from "./proto-model.ts";
import { protoFile, TypeRegistry } from "./type-registry.ts";

/** Bytes that one transaction, and all open ones together, may have sent before they commit. */
export interface TransactionLimits {
  readonly transactionBytes: number;
  readonly openTransactionBytes: number;
}

interface ApiParts {
  readonly datastore: Datastore;
  readonly locks: ReadonlyMap<string, Lock>;
  readonly log: Log;
  readonly limits: TransactionLimits;
}

/** All that is known of the API once: its files, types and codecs, on top of a datastore. */
export class Api {
  readonly datastore: Datastore;
  readonly log: Log;
  readonly types = new TypeRegistry();
  readonly encoder: MessageEncoder;
  readonly descriptors: readonly FileDescriptor[];
  /** Services that have generated methods. */
  readonly generated: readonly ProtoService[];
  readonly leaves: LeafCodecs;
  readonly listings: Listings;
  readonly limits: TransactionLimits;
  /** What open transactions hold. */
  readonly openTransactions: ByteBudget;
  /** Ends each stream that would otherwise last as long as its client. */
  readonly endStreams = new Set<() => void>();
  readonly #core: readonly ProtoFile[];
  readonly #messageOf = new Map<object, string>();

  constructor({ datastore, locks, log, limits }: ApiParts) {
    this.datastore = datastore;
    this.limits = limits;
    this.openTransactions = new ByteBudget(limits.openTransactionBytes);
    this.listings = new Listings(datastore);
    this.log = log;
    const coreDescriptors = decodeFileDescriptorSet(Buffer.from(coreDescriptorSet, "base64"));
    this.#core = coreDescriptors.filter(({ syntax }) => syntax === "proto3").map(protoFile);
    const { schema } = datastore;
    const modules = [...schema.modules.keys()].sort();
    const files = modules.map((module) => descriptors(schema, module, locks.get(module)).file);
    const own = files.filter(({ messages }) => messages.length > 0);
    for (const file of [...this.#core, ...own]) this.types.add(file);
    for (const file of own) this.#indexMessages(file);
    this.generated = own.flatMap(({ services }) => services);
    this.descriptors = [...coreDescriptors, ...own.map(fileDescriptor)];
    this.leaves = new LeafCodecs(this.types, schema);
    this.encoder = new MessageEncoder(this.types, this.leaves);
  }

  /** A decoder for one request: it collects what is wrong with it. */
  decoder(): MessageDecoder {
    return new MessageDecoder(this.types, this.leaves);
  }

  /** Full name of the message of a list entry, container or notification. */
  messageOf(node: object): string | undefined {
    return this.#messageOf.get(node);
  }

  /** A hand-written service and its methods. */
  service(fullName: string): ProtoService {
    const found = this.#core
      .flatMap(({ services }) => services)
      .find((service) => service.fullName === fullName);
    if (found === undefined) throw new Error(`service ${fullName} is not among the descriptors`);
    return found;
  }

  #indexMessages(file: ProtoFile): void {
    const visit = (messages: ProtoFile["messages"]): void => {
      for (const { schema, fullName, messages: nested } of messages) {
        if (schema) this.#messageOf.set(schema, fullName);
        visit(nested);
      }
    };
    visit(file.messages);
  }
}

/** gRPC's path of a method. */
export function methodPath(service: ProtoService, method: ProtoMethod): string {
  return `/${service.fullName}/${method.name}`;
}
