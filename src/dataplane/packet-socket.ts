import { KernelError, type OutgoingFrame } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { lastErrno, libc } from "./libc.ts";
import { vnetHeader } from "./vnet-header.ts";

const AF_PACKET = 17;
/** struct sockaddr_ll: family, protocol, ifindex, and the address of who is sent to. */
const SOCKADDR_LL_SIZE = 20;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_MARK = 36;
const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;
const MSG_DONTWAIT = 0x40;

/** Some dozens of the largest frames, while a device is slow to send them. */
const SEND_BUFFER = 4 << 20;

/** Errors that have nothing to do with the socket. */
const codesOfFrames: ReadonlySet<string> = new Set(["EAGAIN", "ENOBUFS", "EMSGSIZE", "EINVAL"]);

/** How the mark names the program, as bpf/core/recirculation.bpf.c reads it. */
const MARK = 0x40000000;
const MARK_SLOT_SHIFT = 8;

/**
 * Sends frames out of the recirculation device, whose program takes them into the cube that their
 * mark names.
 */
export class PacketOut implements Disposable {
  readonly #device: () => number | undefined;
  #socket: PacketSocket | undefined;

  /** `device`: the index of that device, asked for when there is something to send. */
  constructor(device: () => number | undefined) {
    this.#device = device;
  }

  send(frame: OutgoingFrame): void {
    this.#socket ??= new PacketSocket(this.#existingDevice());
    try {
      this.#socket.send(frame);
    } catch (error) {
      const isOfFrame = error instanceof KernelError && codesOfFrames.has(error.code);
      // The device may be another one by now.
      if (!isOfFrame) this[Symbol.dispose]();
      throw error;
    }
  }

  #existingDevice(): number {
    const ifindex = this.#device();
    if (ifindex === undefined) throw new KernelError("sending a frame", "ENODEV");
    return ifindex;
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }
}

/** Hears nothing. */
class PacketSocket implements Disposable {
  readonly #fd: number;
  #mark = 0;

  constructor(ifindex: number) {
    const operation = "opening a packet socket";
    this.#fd = libc().socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.#fd < 0) throw new KernelError(operation, errnoName(lastErrno()));
    const address = Buffer.alloc(SOCKADDR_LL_SIZE);
    address.writeUInt16LE(AF_PACKET);
    address.writeInt32LE(ifindex, 4);
    this.#option(SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER);
    const isReady =
      this.#option(SOL_PACKET, PACKET_VNET_HDR, 1) &&
      libc().bind(this.#fd, address, address.length) === 0;
    if (isReady) return;
    const code = errnoName(lastErrno());
    this[Symbol.dispose]();
    throw new KernelError(operation, code);
  }

  send({ data, segmentSize, slot, arg }: OutgoingFrame): void {
    this.#setMark(MARK | (slot << MARK_SLOT_SHIFT) | arg);
    const message = Buffer.concat([vnetHeader(data, segmentSize), data]);
    if (libc().send(this.#fd, message, message.length, MSG_DONTWAIT) < 0) {
      throw new KernelError("sending a frame", errnoName(lastErrno()));
    }
  }

  [Symbol.dispose](): void {
    libc().close(this.#fd);
  }

  #setMark(mark: number): void {
    if (mark === this.#mark) return;
    if (!this.#option(SOL_SOCKET, SO_MARK, mark)) {
      throw new KernelError("marking a frame", errnoName(lastErrno()));
    }
    this.#mark = mark;
  }

  #option(level: number, name: number, value: number): boolean {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return libc().setsockopt(this.#fd, level, name, bytes, bytes.length) === 0;
  }
}
