import assert from "node:assert/strict";

const ETHERTYPE = { arp: 0x0806, vlan: 0x8100, ipv4: 0x0800, ipv6: 0x86dd } as const;
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

/** TC and XDP test runs refuse shorter frames. */
const FRAME_SIZE_MIN = 60;

/** Makes a layer's bytes from what follows it; `ethertype` and `protocol` are of that. */
interface Layer {
  readonly ethertype?: number;
  readonly protocol?: number;
  /** The pseudo header of RFC 793 and RFC 8200 §8.1, for the checksum of the next layer. */
  readonly pseudoHeader?: (protocol: number, length: number) => Uint8Array;
  encode(next: Layer | undefined, body: Uint8Array, previous: Layer | undefined): Uint8Array;
}

/**
 * Builds frames layer by layer, outermost first, with lengths and checksums right:
 * `packet().ethernet(a, b).ipv4(c, d).udp(53, 53).bytes()`. Each call gives a new builder.
 */
export class Packet {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
  }

  ethernet(source: string, destination: string): Packet {
    return this.#with({
      encode: (next, body) => join(mac(destination), mac(source), u16(typeOf(next)), body),
    });
  }

  vlan(id: number, priority = 0): Packet {
    return this.#with({
      ethertype: ETHERTYPE.vlan,
      encode: (next, body) => join(u16((priority << 13) | id), u16(typeOf(next)), body),
    });
  }

  /** A request unless `targetMac` is given, then a reply. */
  arp(sender: { mac: string; ip: string }, target: { mac?: string; ip: string }): Packet {
    const operation = target.mac === undefined ? 1 : 2;
    const head = join(u16(1), u16(ETHERTYPE.ipv4), Uint8Array.of(6, 4), u16(operation));
    const targetMac = mac(target.mac ?? "00:00:00:00:00:00");
    const bytes = join(head, mac(sender.mac), ipv4(sender.ip), targetMac, ipv4(target.ip));
    return this.#with({ ethertype: ETHERTYPE.arp, encode: (_, body) => join(bytes, body) });
  }

  ipv4(source: string, destination: string, { ttl = 64 }: { ttl?: number } = {}): Packet {
    const addresses = join(ipv4(source), ipv4(destination));
    return this.#with({
      ethertype: ETHERTYPE.ipv4,
      pseudoHeader: (protocol, length) => join(addresses, Uint8Array.of(0, protocol), u16(length)),
      encode: (next, body) => {
        const head = join(
          Uint8Array.of(0x45, 0),
          u16(20 + body.length),
          Uint8Array.of(0, 0, 0x40, 0, ttl, next?.protocol ?? 0xfd, 0, 0),
          addresses,
        );
        return join(withChecksum(head, 10), body);
      },
    });
  }

  ipv6(source: string, destination: string, { hopLimit = 64 }: { hopLimit?: number } = {}): Packet {
    const addresses = join(ipv6(source), ipv6(destination));
    return this.#with({
      ethertype: ETHERTYPE.ipv6,
      pseudoHeader: (protocol, length) =>
        join(addresses, u32(length), Uint8Array.of(0, 0, 0, protocol)),
      encode: (next, body) =>
        join(
          Uint8Array.of(0x60, 0, 0, 0),
          u16(body.length),
          Uint8Array.of(next?.protocol ?? 59, hopLimit),
          addresses,
          body,
        ),
    });
  }

  udp(sourcePort: number, destinationPort: number): Packet {
    return this.#with({
      protocol: PROTOCOL.udp,
      encode: (_, body, previous) => {
        const head = join(u16(sourcePort), u16(destinationPort), u16(8 + body.length), u16(0));
        return transport(join(head, body), 6, PROTOCOL.udp, previous);
      },
    });
  }

  tcp(sourcePort: number, destinationPort: number, { flags = 0x02 } = {}): Packet {
    return this.#with({
      protocol: PROTOCOL.tcp,
      encode: (_, body, previous) => {
        const ports = join(u16(sourcePort), u16(destinationPort));
        const head = join(ports, u32(1), u32(0), Uint8Array.of(0x50, flags), u16(65_535), u32(0));
        return transport(join(head, body), 16, PROTOCOL.tcp, previous);
      },
    });
  }

  /** ICMP, or ICMPv6 below IPv6: an echo request. */
  echo(identifier: number, sequence: number): Packet {
    return this.#with({
      protocol: PROTOCOL.icmp,
      encode: (_, body) => {
        const head = join(Uint8Array.of(8, 0, 0, 0), u16(identifier), u16(sequence));
        return withChecksum(join(head, body), 2);
      },
    });
  }

  payload(bytes: Uint8Array | string): Packet {
    const own = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    return this.#with({ encode: (_, body) => join(own, body) });
  }

  /** Padded to the shortest frame a test run takes. */
  bytes(): Uint8Array {
    let body: Uint8Array = new Uint8Array();
    for (let index = this.#layers.length - 1; index >= 0; index--) {
      const layer = this.#layers[index];
      assert.ok(layer);
      body = layer.encode(this.#layers[index + 1], body, this.#layers[index - 1]);
    }
    if (body.length >= FRAME_SIZE_MIN) return body;
    return join(body, new Uint8Array(FRAME_SIZE_MIN - body.length));
  }

  #with(layer: Layer): Packet {
    return new Packet([...this.#layers, layer]);
  }
}

export function packet(): Packet {
  return new Packet([]);
}

/** RFC 1071: 0 over bytes that hold a right checksum. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function transport(
  bytes: Uint8Array,
  checksumAt: number,
  protocol: number,
  network: Layer | undefined,
): Uint8Array {
  assert.ok(network?.pseudoHeader, "a transport header needs ipv4 or ipv6 before it");
  const sum = checksum(join(network.pseudoHeader(protocol, bytes.length), bytes));
  bytes.set(u16(sum === 0 && protocol === PROTOCOL.udp ? 0xffff : sum), checksumAt);
  return bytes;
}

function withChecksum(bytes: Uint8Array, at: number): Uint8Array {
  bytes.set(u16(checksum(bytes)), at);
  return bytes;
}

function typeOf(next: Layer | undefined): number {
  // IEEE Std 802 local experimental ethertype, for a payload of no protocol.
  return next?.ethertype ?? 0x88b5;
}

function mac(text: string): Uint8Array {
  return Uint8Array.from(text.split(":"), (octet) => Number.parseInt(octet, 16));
}

function ipv4(text: string): Uint8Array {
  return Uint8Array.from(text.split("."), Number);
}

function ipv6(text: string): Uint8Array {
  const [head = "", tail] = text.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const after = tail === undefined ? [] : groups(tail);
  const missing = 8 - groups(head).length - after.length;
  const all = [...groups(head), ...new Array<string>(missing).fill("0"), ...after];
  return join(...all.map((group) => u16(Number.parseInt(group, 16))));
}

function u16(value: number): Uint8Array {
  return Uint8Array.of((value >>> 8) & 0xff, value & 0xff);
}

function u32(value: number): Uint8Array {
  return join(u16(value >>> 16), u16(value));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
