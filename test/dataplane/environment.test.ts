import assert from "node:assert/strict";
import { missingFrom } from "../../src/dataplane/environment.ts";

const NET_ADMIN = 1n << 12n;
const SYS_ADMIN = 1n << 21n;
const BPF = 1n << 39n;

describe("environment of the kernel data plane", () => {
  const cases: { title: string; capabilities: bigint; hasKernelBtf?: boolean; names: string[] }[] =
    [
      { title: "root", capabilities: NET_ADMIN | SYS_ADMIN | BPF, names: [] },
      { title: "CAP_SYS_ADMIN of kernels before 5.8", capabilities: SYS_ADMIN, names: [] },
      { title: "the two capabilities alone", capabilities: NET_ADMIN | BPF, names: [] },
      { title: "CAP_BPF alone", capabilities: BPF, names: ["CAP_NET_ADMIN"] },
      { title: "an ordinary user", capabilities: 0n, names: ["CAP_BPF", "CAP_NET_ADMIN"] },
      {
        title: "a kernel without BTF",
        capabilities: SYS_ADMIN,
        hasKernelBtf: false,
        names: ["/sys/kernel/btf/vmlinux"],
      },
    ];

  for (const { title, capabilities, hasKernelBtf = true, names } of cases) {
    it(`lacks ${names.join(" and ") || "nothing"} for ${title}`, () => {
      const missing = missingFrom({ capabilities, hasKernelBtf });

      assert.deepEqual(
        missing.map((line) => line.split(" ")[0]),
        names,
      );
    });
  }
});
