import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import koffi from "koffi";
import { KernelError, type Row } from "../../src/dataplane/dataplane.ts";
import { type KernelDataplane, openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { libbpf } from "../../src/dataplane/libbpf.ts";
import { libc } from "../../src/dataplane/libc.ts";
import {
  NETLINK_ROUTE,
  NetlinkClient,
  NetlinkListener,
} from "../../src/dataplane/netlink/socket.ts";
import { RingBuffer } from "../../src/dataplane/ring-buffer.ts";
import { u32, u64 } from "../support/fixture-object.ts";
import { describeKernel, fixtureDirectory, pinDirectory } from "../support/kernel.ts";
import { descriptors } from "../support/leaks.ts";
import { vethPair } from "../support/network.ts";

const { EPERM = 1, ENOMEM = 12, EAGAIN = 11 } = koffi.os.errno;
const BPF_MAP_TYPE_RINGBUF = 27;
const BUFFER_SIZE = 4096 * 16;

/** Puts a call of a library aside for as long as it is used. */
function replacing<L, K extends keyof L>(library: L, name: K, stand: L[K]): Disposable {
  const original = library[name];
  library[name] = stand;
  return {
    [Symbol.dispose]: () => {
      library[name] = original;
    },
  };
}

function failsWith(errno: number): () => number {
  return () => {
    koffi.errno(errno);
    return -1;
  };
}

function isRefusedWith(code: string): (error: unknown) => boolean {
  return (error) => error instanceof KernelError && error.code === code;
}

describeKernel("a call that the kernel refuses", { since: "6.6" }, () => {
  let pins: ReturnType<typeof pinDirectory>;
  let dataplane: KernelDataplane;

  beforeEach(() => {
    pins = pinDirectory();
    dataplane = openKernelDataplane({
      pinDirectory: pins.path,
      objectDirectory: fixtureDirectory(),
    });
    const constants = { verdict: u32(2), local_mac: new Uint8Array(6) };
    dataplane.loadObject({ id: "a", object: "fixture", constants, capacity: { table: 100 } });
  });

  afterEach(() => {
    dataplane[Symbol.dispose]();
    pins[Symbol.dispose]();
  });

  it("in the middle of mapping a ring buffer leaves neither pages nor a descriptor", () => {
    const before = descriptors();
    const fd = libbpf().createMap(BPF_MAP_TYPE_RINGBUF, "rb", 0, 0, BUFFER_SIZE, null);
    assert.ok(fd >= 0);

    assert.throws(() => new RingBuffer(fd, 2 * BUFFER_SIZE), isRefusedWith("EINVAL"));

    assert.deepEqual(descriptors(), before);
    assert.doesNotMatch(readFileSync("/proc/self/maps", "utf8"), /bpf-map/);
  });

  it("leaves a program attached, and known to be", () => {
    using veth = vethPair();
    const place = [veth.ifindex, "tcx-ingress"] as const;
    dataplane.attach({
      ifindex: veth.ifindex,
      hook: "tcx-ingress",
      objectId: "a",
      program: "ingress",
    });
    {
      using _refusing = replacing(libbpf(), "detachLink", () => -EPERM);
      assert.throws(() => dataplane.detach(...place), isRefusedWith("EPERM"));
    }
    assert.equal(dataplane.attachments().length, 1);

    dataplane.detach(...place);

    assert.deepEqual(dataplane.attachments(), []);
  });

  it("does not make a map empty: the rows that are there stay", () => {
    const rows = (value: number): Row[] =>
      Array.from({ length: 10 }, (_, key) => ({ key: u32(key), value: u64(value) }));
    dataplane.putRows("a", "table", rows(1));
    const before = dataplane.rows("a", "table");

    using _blind = replacing(libbpf(), "nextKey", () => -EPERM);
    using _full = replacing(libbpf(), "updateBatch", () => -ENOMEM);
    assert.throws(() => dataplane.putRows("a", "table", rows(2)), isRefusedWith("EPERM"));

    assert.deepEqual(dataplane.rows("a", "table"), before);
  });

  it("loses events of netlink, unless it says that there is none", () => {
    using listener = new NetlinkListener(NETLINK_ROUTE, 1);
    {
      using _lost = replacing(libc(), "recv", failsWith(ENOMEM));
      assert.equal(listener.receive(), undefined);
    }
    using _none = replacing(libc(), "recv", failsWith(EAGAIN));
    assert.deepEqual(listener.receive(), []);
  });

  it("makes no netlink client that might wait for ever", () => {
    const before = descriptors();
    using _refusing = replacing(libc(), "setsockopt", failsWith(EPERM));

    assert.throws(() => new NetlinkClient(NETLINK_ROUTE), isRefusedWith("EPERM"));

    assert.deepEqual(descriptors(), before);
  });
});
