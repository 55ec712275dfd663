import assert from "node:assert/strict";
import { brokenPromises } from "../../tools/check-lock.ts";

describe("a lock compared with the one before", () => {
  const name = { number: 1, name: "name", wire: "string" };
  const cases = [
    { title: "may gain an entry", after: { "/b/name": name, "/b/size": 2 }, broken: [] },
    { title: "may not lose one", after: {}, broken: ["/b/name"] },
    {
      title: "may not give it another number",
      after: { "/b/name": { ...name, number: 2 } },
      broken: ["/b/name number"],
    },
    {
      title: "may not change how it goes over the wire",
      after: { "/b/name": { ...name, wire: "uint32" } },
      broken: ["/b/name wire"],
    },
    { title: "may not vanish", after: undefined, broken: [""] },
  ];

  for (const { title, after, broken } of cases) {
    it(title, () => {
      assert.deepEqual(brokenPromises({ "/b/name": name }, after), broken);
    });
  }
});
