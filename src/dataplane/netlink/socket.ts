import { KernelError } from "../dataplane.ts";
import { errnoName } from "../errno.ts";
import { lastErrno, libc } from "../libc.ts";
import {
  decodeMessages,
  encodeMessage,
  encodeU32,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  viewOf,
} from "./message.ts";

export const NETLINK_ROUTE = 0;
export const NETLINK_GENERIC = 16;

const AF_NETLINK = 16;
/** struct sockaddr_nl: family, port id, groups. */
const SOCKADDR_NL_SIZE = 12;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

/** The kernel's largest netlink datagram is 32 KiB. */
const DATAGRAM_MAX = 1 << 16;
/** Room for some thousand events before the kernel says ENOBUFS. */
const EVENT_BUFFER = 1 << 20;
/** The kernel answers within the call; this bounds a fault. */
const ANSWER_TIMEOUT_S = 5;
/** A dump that something changed under is repeated. */
const DUMP_ATTEMPTS_MAX = 10;

export interface NetlinkRequest {
  readonly type: number;
  /** NLM_F_CREATE and the like; those of the exchange itself are added. */
  readonly flags?: number;
  readonly payload: Uint8Array;
}

class NetlinkSocket implements Disposable {
  readonly fd: number;
  protected readonly buffer = Buffer.allocUnsafeSlow(DATAGRAM_MAX);

  constructor(protocol: number) {
    this.fd = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (this.fd < 0) throw new KernelError("opening a netlink socket", errnoName(lastErrno()));
    // The kernel picks the port id. A socket without one hears no events: theirs is 0 too.
    const address = Buffer.alloc(SOCKADDR_NL_SIZE);
    address.writeUInt16LE(AF_NETLINK);
    if (libc().bind(this.fd, address, address.length) < 0) this.fail("binding a netlink socket");
  }

  [Symbol.dispose](): void {
    libc().close(this.fd);
  }

  protected fail(operation: string): never {
    const code = errnoName(lastErrno());
    this[Symbol.dispose]();
    throw new KernelError(operation, code);
  }

  protected option(level: number, name: number, value: Uint8Array): boolean {
    return libc().setsockopt(this.fd, level, name, Buffer.from(value), value.length) === 0;
  }
}

/** Asks the kernel and waits for the answer, which it gives in the same call. */
export class NetlinkClient extends NetlinkSocket {
  #sequence = 0;

  constructor(protocol: number) {
    super(protocol);
    const timeout = new Uint8Array(16);
    viewOf(timeout).setUint32(0, ANSWER_TIMEOUT_S, true);
    if (!this.option(SOL_SOCKET, SO_RCVTIMEO, timeout)) this.fail("bounding a wait for netlink");
  }

  /** Everything of a kind. */
  dump(request: NetlinkRequest, operation: string): NetlinkMessage[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS_MAX; attempt++) {
      const answers = this.#exchange(request, NLM_F_DUMP, operation);
      if (answers.every(({ flags }) => (flags & NLM_F_DUMP_INTR) === 0)) return answers;
    }
    throw new KernelError(operation, "EINTR", `changed under ${DUMP_ATTEMPTS_MAX} dumps`);
  }

  /** Does something, or gets one thing; a refusal is a KernelError with the kernel's errno. */
  call(request: NetlinkRequest, operation: string): NetlinkMessage[] {
    return this.#exchange(request, NLM_F_ACK, operation);
  }

  #exchange(request: NetlinkRequest, mode: number, operation: string): NetlinkMessage[] {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const sequence = this.#sequence;
    const flags = NLM_F_REQUEST | mode | (request.flags ?? 0);
    const message = { ...request, flags, sequence };
    const bytes = Buffer.from(encodeMessage(message));
    if (libc().send(this.fd, bytes, bytes.length, 0) < 0) {
      throw new KernelError(operation, errnoName(lastErrno()));
    }
    const answers: NetlinkMessage[] = [];
    for (;;) {
      for (const answer of this.#receive(operation)) {
        // What is left of an exchange that ended early.
        if (answer.sequence !== sequence) continue;
        if (answer.type === NLMSG_DONE) return answers;
        if (answer.type !== NLMSG_ERROR) answers.push(answer);
        else if (errorOf(answer) === 0) return answers;
        else throw new KernelError(operation, errnoName(errorOf(answer)));
      }
    }
  }

  #receive(operation: string): NetlinkMessage[] {
    const length = libc().recv(this.fd, this.buffer, this.buffer.length, 0);
    if (length <= 0) throw new KernelError(operation, errnoName(lastErrno()), "no answer");
    return decodeMessages(Uint8Array.from(this.buffer.subarray(0, length)));
  }
}

/** Listens to a multicast group without ever blocking. */
export class NetlinkListener extends NetlinkSocket {
  constructor(protocol: number, group: number) {
    super(protocol);
    // Without CAP_NET_ADMIN the default size stays: ENOBUFS then comes earlier.
    this.option(SOL_SOCKET, SO_RCVBUFFORCE, encodeU32(EVENT_BUFFER));
    if (!this.option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, encodeU32(group))) {
      this.fail(`joining netlink group ${group}`);
    }
  }

  /** One datagram; empty if none waits, undefined if events were lost. */
  receive(): NetlinkMessage[] | undefined {
    const { fd, buffer } = this;
    const length = libc().recv(fd, buffer, buffer.length, MSG_DONTWAIT | MSG_TRUNC);
    // Also ENOMEM and others: what the kernel tells here is why it could not send an event.
    if (length < 0) return errnoName(lastErrno()) === "EAGAIN" ? [] : undefined;
    if (length > buffer.length) return undefined;
    return decodeMessages(Uint8Array.from(buffer.subarray(0, length)));
  }
}

/** Sockets that are closed together. */
export class NetlinkSockets implements Disposable {
  readonly #opened: Disposable[] = [];

  client(protocol: number): NetlinkClient {
    return this.#own(new NetlinkClient(protocol));
  }

  listener(protocol: number, group: number): NetlinkListener {
    return this.#own(new NetlinkListener(protocol, group));
  }

  [Symbol.dispose](): void {
    for (const socket of this.#opened.splice(0)) socket[Symbol.dispose]();
  }

  #own<T extends Disposable>(socket: T): T {
    this.#opened.push(socket);
    return socket;
  }
}

function errorOf({ payload }: NetlinkMessage): number {
  return payload.length < 4 ? 0 : viewOf(payload).getInt32(0, true);
}
