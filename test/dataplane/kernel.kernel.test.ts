import { openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { describeKernel, fixtureDirectory, pinDirectory } from "../support/kernel.ts";
import { type VethPair, vethPair } from "../support/network.ts";
import { describeContract } from "./contract.ts";

describeKernel("kernel data plane", { since: "6.6" }, () => {
  let veth: VethPair;

  before(() => {
    veth = vethPair();
  });

  after(() => veth[Symbol.dispose]());

  describeContract(() => {
    const pins = pinDirectory();
    const objectDirectory = fixtureDirectory();
    const dataplane = openKernelDataplane({ pinDirectory: pins.path, objectDirectory });
    return {
      dataplane,
      ifindex: veth.ifindex,
      emit: (objectId, record) => {
        const data = Uint8Array.from([...record, ...new Uint8Array(58)]);
        dataplane.testRun(objectId, "ingress", { data });
      },
      [Symbol.dispose]: () => {
        dataplane[Symbol.dispose]();
        pins[Symbol.dispose]();
      },
    };
  });
});
