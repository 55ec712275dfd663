import type { Datastore } from "../../datamodel/datastore/datastore.ts";
import type { Verifier } from "../../datamodel/datastore/drift.ts";
import type { Tracer } from "../../datamodel/datastore/trace.ts";
import { coreDescriptorSet } from "../../gen/proto/core-descriptors.ts";
import type { Log } from "../../lib/log.ts";
import type { ServiceRoster } from "../service-roster.ts";
import { ByteBudget } from "./byte-budget.ts";
import { MessageDecoder } from "./decode.ts";
import { descriptors } from "./descriptors.ts";
import { MessageEncoder } from "./encode.ts";
import { decodeFileDescriptorSet, type FileDescriptor, fileDescriptor } from "./file-descriptor.ts";
import { LeafCodecs } from "./leaf-codec.ts";
import { Listings } from "./listings.ts";
import type { Lock } from "./lock.ts";
import type { ProtoFile, ProtoMethod, ProtoService } from "./proto-model.ts";
import { Reflection } from "./reflection.ts";
import { protoFile, TypeRegistry } from "./type-registry.ts";

/** Bytes that one transaction, and all open ones together, may have sent before they commit. */
export interface TransactionLimits {
  readonly transactionBytes: number;
  readonly openTransactionBytes: number;
}

interface ApiParts {
  readonly datastore: Datastore;
  /** Field numbers promised, by module; of a module that comes later when it comes. */
  readonly locks: ReadonlyMap<string, Lock>;
  readonly roster?: ServiceRoster | undefined;
  readonly tracer?: Tracer | undefined;
  readonly verifier?: Verifier | undefined;
  readonly log: Log;
  readonly limits: TransactionLimits;
}

/** The API: its files, types and codecs, on top of a datastore whose modules may come and go. */
export class Api {
  readonly datastore: Datastore;
  /** Absent where services cannot be loaded. */
  readonly roster: ServiceRoster | undefined;
  /** Absent where frames cannot be traced. */
  readonly tracer: Tracer | undefined;
  /** Absent where there is no data plane to look at. */
  readonly verifier: Verifier | undefined;
  readonly log: Log;
  readonly types = new TypeRegistry();
  readonly encoder: MessageEncoder;
  readonly leaves: LeafCodecs;
  readonly listings: Listings;
  readonly limits: TransactionLimits;
  /** What open transactions hold. */
  readonly openTransactions: ByteBudget;
  /** Ends each stream that would otherwise last as long as its client. */
  readonly endStreams = new Set<() => void>();
  readonly #locks: ReadonlyMap<string, Lock>;
  readonly #coreDescriptors: readonly FileDescriptor[];
  readonly #core: readonly ProtoFile[];
  /** Files of modules that have messages, by module. */
  readonly #generated = new Map<string, ProtoFile>();
  readonly #messageOf = new WeakMap<object, string>();
  #reflection: Reflection | undefined;

  constructor({ datastore, locks, roster, tracer, verifier, log, limits }: ApiParts) {
    this.datastore = datastore;
    this.roster = roster;
    this.tracer = tracer;
    this.verifier = verifier;
    this.#locks = locks;
    this.limits = limits;
    this.openTransactions = new ByteBudget(limits.openTransactionBytes);
    this.listings = new Listings(datastore);
    this.log = log;
    this.#coreDescriptors = decodeFileDescriptorSet(Buffer.from(coreDescriptorSet, "base64"));
    this.#core = this.#coreDescriptors.filter(({ syntax }) => syntax === "proto3").map(protoFile);
    for (const file of this.#core) this.types.add(file);
    for (const module of [...datastore.schema.modules.keys()].sort()) this.addModule(module);
    this.leaves = new LeafCodecs(this.types, datastore.schema);
    this.encoder = new MessageEncoder(this.types, this.leaves);
  }

  /** Services that have generated methods. */
  get generated(): readonly ProtoService[] {
    return [...this.#generated.values()].flatMap(({ services }) => services);
  }

  /** What reflection tells of the files as they are now. */
  get reflection(): Reflection {
    const generated = [...this.#generated.values()].map(fileDescriptor);
    this.#reflection ??= new Reflection([...this.#coreDescriptors, ...generated]);
    return this.#reflection;
  }

  /** Takes up a module of the schema; gives its services. */
  addModule(module: string): readonly ProtoService[] {
    const { schema } = this.datastore;
    const { file } = descriptors(schema, module, this.#locks.get(module));
    if (file.messages.length === 0) return [];
    this.#generated.set(module, file);
    this.types.add(file);
    this.#indexMessages(file);
    this.#reflection = undefined;
    return file.services;
  }

  /** Forgets a module; gives the services it had. */
  removeModule(module: string): readonly ProtoService[] {
    const file = this.#generated.get(module);
    if (file === undefined) return [];
    this.#generated.delete(module);
    this.types.remove(file);
    this.#reflection = undefined;
    return file.services;
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
