/**
 * Frames sent and received one by one, on a device (AF_PACKET) or as the machine behind a tap.
 * A descriptor stays in the network namespace it was opened in, whoever uses it.
 */
import assert from "node:assert/strict";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import koffi, { type node } from "koffi";
import { libc } from "../../src/dataplane/libc.ts";
import { packet } from "./packet.ts";

const CLONE_NEWNET = 0x40000000;
const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0o2000000 | 0o4000;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const PACKET_OUTGOING = 4;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TUNSETIFF = 0x400454ca;
const IFF_TAP = 2;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
/** struct virtio_net_hdr. */
const VNET_HEADER_SIZE = 10;
const VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;

const FRAME_MAX = 70_000;
const RECEIVE_BUFFER = 1 << 24;
const DEADLINE_MS = 10_000;

const library = koffi.load("libc.so.6");
const setns = library.func("int setns(int fd, int type)");
const ioctl = library.func("int ioctl(int fd, unsigned long request, void *argument)");
const recvmsg = library.func("int64_t recvmsg(int fd, void *message, int flags)");
const ifNameToIndex = library.func("unsigned int if_nametoindex(const char *name)");

/** A namespace by name; without one, that of this process. */
export interface Place {
  readonly device: string;
  readonly namespace?: string;
}

export interface Frame {
  readonly bytes: Uint8Array;
  /** Priority and VLAN of the tag, which the kernel keeps beside the frame. */
  readonly tci: number | undefined;
  /** Sent by this device, not received. */
  readonly outgoing: boolean;
}

type Matches = (frame: Frame) => boolean;

/** Keeps what comes in until it is asked for. */
class Receiver implements Disposable {
  readonly #fd: number;
  readonly #poll: node.PollHandle;
  #frames: Frame[] = [];
  #onFrame: () => void = () => {};

  /** Owns `fd`; `read` gives undefined when nothing waits. */
  constructor(fd: number, read: (fd: number) => Frame | undefined) {
    this.#fd = fd;
    this.#poll = koffi.node.poll(fd, { readable: true }, () => {
      for (let frame = read(fd); frame; frame = read(fd)) this.#frames.push(frame);
      this.#onFrame();
    });
  }

  /** All frames up to and including the first that matches; they are not given again. */
  upTo(matches: Matches): Promise<Frame[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#onFrame = () => {};
        reject(new Error(`no such frame in time, but ${this.#frames.length} others`));
      }, DEADLINE_MS);
      this.#onFrame = () => {
        const at = this.#frames.findIndex(matches);
        if (at < 0) return;
        clearTimeout(timer);
        this.#onFrame = () => {};
        resolve(this.#frames.splice(0, at + 1));
      };
      this.#onFrame();
    });
  }

  [Symbol.dispose](): void {
    this.#poll.close();
    closeSync(this.#fd);
  }
}

/** All that a device sees, and frames sent out of it. */
export class RawSocket extends Receiver {
  readonly #fd: number;

  constructor(place: Place) {
    const fd = inside(place.namespace, () => openPacketSocket(place.device));
    super(fd, receivePacket);
    this.#fd = fd;
  }

  send(frame: Uint8Array): void {
    const bytes = Buffer.from(frame);
    if (libc().send(this.#fd, bytes, bytes.length, 0) !== bytes.length) {
      throw new Error(`sending ${bytes.length} bytes: errno ${koffi.errno()}`);
    }
  }
}

/** A tap device, and the machine behind it. It is gone when disposed. */
export class Tap extends Receiver {
  readonly #fd: number;

  constructor(name: string) {
    // As hypervisors do; native XDP runs for such writers only.
    const fd = openSync("/dev/net/tun", constants.O_RDWR | constants.O_NONBLOCK);
    const request = Buffer.alloc(40);
    request.write(name);
    request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, 16);
    if (ioctl(fd, TUNSETIFF, request) < 0) throw new Error(`no tap: errno ${koffi.errno()}`);
    super(fd, receiveFromTap);
    this.#fd = fd;
  }

  /** `unfinished`: where the segment starts and its checksum is, which the device is to finish. */
  send(frame: Uint8Array, unfinished?: { readonly start: number; readonly at: number }): void {
    const header = Buffer.alloc(VNET_HEADER_SIZE);
    if (unfinished) {
      header.writeUInt8(VIRTIO_NET_HDR_F_NEEDS_CSUM, 0);
      header.writeUInt16LE(unfinished.start, 6);
      header.writeUInt16LE(unfinished.at, 8);
    }
    writeSync(this.#fd, Buffer.concat([header, frame]));
  }
}

let numbers = 0;

/** A payload that no other frame of this process has. */
export function numbered(): Uint8Array {
  numbers += 1;
  return Buffer.from(`frame ${numbers} of ${process.pid}`.padEnd(64));
}

interface Station {
  readonly mac: string;
  socket(): RawSocket;
}

/**
 * Sends a frame from the first station and gives, for each station, the tags (TCI) of the copies it
 * received. A broadcast after it, and for the sender one from another station, end the wait:
 * nothing overtakes.
 */
export async function copiesOf(
  frame: Uint8Array,
  stations: readonly [Station, Station, ...Station[]],
): Promise<Frame["tci"][][]> {
  const sockets = stations.map((station) => station.socket());
  const [from, other] = sockets;
  const [own, others] = [stations[0], stations[1]].map(({ mac }) =>
    packet().ethernet(mac, "ff:ff:ff:ff:ff:ff").payload(numbered()).bytes(),
  );
  assert.ok(from && other && own && others);
  try {
    for (const bytes of [frame, own]) from.send(bytes);
    other.send(others);
    return await Promise.all(
      sockets.map(async (socket) => {
        const seen = await socket.upTo(isCopy(socket === from ? others : own));
        return seen.filter(isCopy(frame)).map(({ tci }) => tci);
      }),
    );
  } finally {
    for (const socket of sockets) socket[Symbol.dispose]();
  }
}

/** Whether a frame was received with this content; a tag is compared apart. */
export function isCopy(wanted: Uint8Array): Matches {
  const tagged = wanted[12] === 0x81 && wanted[13] === 0;
  const content = tagged ? Buffer.concat([wanted.slice(0, 12), wanted.slice(16)]) : wanted;
  return ({ bytes, outgoing }) => !outgoing && Buffer.compare(bytes, content) === 0;
}

function inside<T>(namespace: string | undefined, action: () => T): T {
  if (namespace === undefined) return action();
  const own = openSync("/proc/thread-self/ns/net", "r");
  const other = openSync(`/run/netns/${namespace}`, "r");
  try {
    enter(other);
    return action();
  } finally {
    enter(own);
    closeSync(other);
    closeSync(own);
  }
}

function enter(fd: number): void {
  if (setns(fd, CLONE_NEWNET) < 0) throw new Error(`entering a namespace: errno ${koffi.errno()}`);
}

function openPacketSocket(device: string): number {
  const fd = libc().socket(AF_PACKET, SOCK_RAW_CLOEXEC_NONBLOCK, 0);
  const one = Buffer.from([1, 0, 0, 0]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(RECEIVE_BUFFER);
  libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4);
  libc().setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, one, 4);
  // struct sockaddr_ll: family, protocol in network order, ifindex, …
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  address.writeInt32LE(ifNameToIndex(device), 4);
  if (libc().bind(fd, address, address.length) < 0) {
    throw new Error(`binding to ${device}: errno ${koffi.errno()}`);
  }
  return fd;
}

const address = Buffer.alloc(20);
const control = Buffer.alloc(64);
const data = Buffer.alloc(FRAME_MAX);
const vector = Buffer.alloc(16);

/** recvmsg(2), which alone tells of tags: struct msghdr is laid out by hand. */
function receivePacket(fd: number): Frame | undefined {
  vector.writeBigUInt64LE(koffi.address(data), 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(koffi.address(address), 0);
  message.writeUInt32LE(address.length, 8);
  message.writeBigUInt64LE(koffi.address(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(koffi.address(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  const length = Number(recvmsg(fd, message, 0));
  if (length < 0) return undefined;
  // struct cmsghdr is 16 bytes; in struct tpacket_auxdata status is first and the tag at 16.
  const hasTag = (control.readUInt32LE(16) & TP_STATUS_VLAN_VALID) !== 0;
  return {
    bytes: Uint8Array.from(data.subarray(0, length)),
    tci: hasTag ? control.readUInt16LE(32) : undefined,
    outgoing: address.readUInt8(10) === PACKET_OUTGOING,
  };
}

function receiveFromTap(fd: number): Frame | undefined {
  try {
    const length = readSync(fd, data);
    const bytes = Uint8Array.from(data.subarray(VNET_HEADER_SIZE, length));
    return { bytes, tci: undefined, outgoing: false };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
    throw error;
  }
}
