import assert from "node:assert/strict";

describe("the binding of libbpf", () => {
  it("is made by each copy of the module that a process has", async () => {
    const copies = ["first", "second"].map(async (name) => {
      return (await import(`../../src/dataplane/libbpf.ts?${name}`)) as Module;
    });

    const counts = (await Promise.all(copies)).map(({ libbpf }) => libbpf().possibleCpuCount());

    assert(counts.every((count) => count > 0));
  });
});

type Module = typeof import("../../src/dataplane/libbpf.ts");
