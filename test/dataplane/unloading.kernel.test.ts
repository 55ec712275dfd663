import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { KernelError } from "../../src/dataplane/dataplane.ts";
import { openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { u32 } from "../support/fixture-object.ts";
import { describeKernel, fixtureDirectory, pinDirectory } from "../support/kernel.ts";
import { vethPair } from "../support/network.ts";

describeKernel("unloading an object", { since: "6.6" }, () => {
  it("asks the kernel for no attachment but the object's own", () => {
    using pins = pinDirectory();
    using veth = vethPair();
    const { ifindex } = veth;
    using dataplane = openKernelDataplane({
      pinDirectory: pins.path,
      objectDirectory: fixtureDirectory(),
    });
    const constants = { verdict: u32(2), local_mac: Uint8Array.of(2, 1, 2, 3, 4, 5) };
    for (const id of ["cubes/a", "cubes/b"]) {
      dataplane.loadObject({ id, object: "fixture", constants, capacity: {} });
    }
    dataplane.attach({ ifindex, hook: "tcx-ingress", objectId: "cubes/a", program: "ingress" });
    // Whoever asks what is attached cannot be answered without the pin.
    rmSync(join(pins.path, "links", `${ifindex}-tcx-ingress`));
    assert.throws(() => dataplane.attachments(), KernelError);

    dataplane.unloadObject("cubes/b");

    assert.deepEqual(dataplane.objects(), ["cubes/a"]);
    assert.throws(() => dataplane.unloadObject("cubes/a"), KernelError);
  });
});
