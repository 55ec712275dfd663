import assert from "node:assert/strict";
import type { AnyService, Discovered } from "../../../src/services/any-service.ts";
import type { Parent } from "../../../src/services/cube-reader.ts";
import { service as helloworld } from "../../../src/services/helloworld/service.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { service as transparent } from "../../../src/services/transparenthelloworld/service.ts";
import { type EngineFixture, engineFixture } from "../../support/engine.ts";

const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";
const port = "/helloworld:helloworld[name='hw0']/ports[name='a']";
const device = "/netdev:netdev[name='dev1']";

type Told = readonly [was: Parent | undefined, is: Parent | undefined];

/** A transparent cube, and a wire whose first port has a device; all that its service is told. */
async function detached(): Promise<EngineFixture & { told(): Told[] }> {
  const told: Told[] = [];
  const service: AnyService = {
    ...(transparent as object as AnyService),
    parentChanged: (was, is) => {
      told.push([was, is]);
      return {};
    },
  };
  const services = [service, helloworld, netdev] as object as readonly Discovered[];
  const fixture = await engineFixture({ services, devices: ["dev1", "dev2"] });
  const { commit, edit } = fixture;
  await commit(
    edit("create", th0, {}),
    edit("create", "/helloworld:helloworld[name='hw0']", { ports: [{ name: "a", peer: "dev1" }] }),
  );
  return { ...fixture, told: () => told.splice(0) };
}

describe("the service of a transparent cube", () => {
  it("is told of nothing while the cube is attached to nothing", async () => {
    const { told } = await detached();

    assert.deepEqual(told(), []);
  });

  it("is told of the port, of its next peer, and when the cube is detached", async () => {
    const { commit, edit, told } = await detached();
    const [first, second] = [
      { name: "hw0:a", peer: "dev1" },
      { name: "hw0:a", peer: "dev2" },
    ];

    await commit(edit("merge", `${port}/tcubes`, ["th0"]));
    assert.deepEqual(told(), [[undefined, first]]);
    await commit(edit("merge", `${port}/peer`, "dev2"));
    assert.deepEqual(told(), [[first, second]]);
    await commit(edit("delete", `${port}/peer`));
    assert.deepEqual(told(), [[second, { name: "hw0:a" }]]);
    await commit(edit("delete", `${port}/tcubes[.='th0']`));
    assert.deepEqual(told(), [[{ name: "hw0:a" }, undefined]]);
  });

  it("is told of the device, and once", async () => {
    const { commit, edit, told } = await detached();

    await commit(edit("create", device, { tcubes: ["th0"] }));
    await commit(edit("merge", `${th0}/loglevel`, "WARN"));

    assert.deepEqual(told(), [[undefined, { name: "dev1" }]]);
  });

  it("is told again of a cube that is another, with the old one's name", async () => {
    const { commit, edit, told } = await detached();
    const attach = edit("merge", `${port}/tcubes`, ["th0"]);
    const detach = edit("delete", `${port}/tcubes[.='th0']`);
    await commit(attach);

    await commit(detach, edit("delete", th0));
    told();
    await commit(edit("create", th0, {}), attach);

    assert.deepEqual(told(), [[undefined, { name: "hw0:a", peer: "dev1" }]]);
  });

  it("says what it is attached to", async () => {
    const texts: string[] = [];
    const services = [transparent, helloworld] as readonly object[] as readonly Discovered[];
    const onLine = ({ text }: { readonly text: string }) => void texts.push(text);
    const { commit, edit } = await engineFixture({ services, devices: ["dev1"], onLine });

    const ports = [{ name: "a", peer: "dev1", tcubes: ["th0"] }];
    await commit(edit("create", th0, {}), edit("create", port.split("/ports")[0] ?? "", { ports }));

    assert.deepEqual(texts, ["Attached to hw0:a, whose peer is dev1"]);
  });
});
