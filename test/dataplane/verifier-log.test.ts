import assert from "node:assert/strict";
import { lastUsefulLines } from "../../src/dataplane/verifier-log.ts";

describe("verifier log", () => {
  const cases: { title: string; messages: string[]; expected: string | undefined }[] = [
    { title: "nothing of nothing", messages: [], expected: undefined },
    {
      title: "messages without libbpf's name and the statistics",
      messages: [
        "libbpf: prog 'ingress': -- BEGIN PROG LOAD LOG --\n0: R1=ctx()\nR1 invalid mem access\n" +
          "processed 2 insns (limit 1000000) max_states_per_insn 0\n-- END PROG LOAD LOG --\n",
        "libbpf: prog 'ingress': failed to load: -13\n",
      ],
      expected: "0: R1=ctx()\nR1 invalid mem access\nprog 'ingress': failed to load: -13",
    },
    {
      title: "the last eight lines, and how many came before",
      messages: Array.from({ length: 11 }, (_, index) => `line ${index}\n`),
      expected: `(3 lines omitted)\n${[3, 4, 5, 6, 7, 8, 9, 10].map((n) => `line ${n}`).join("\n")}`,
    },
  ];

  for (const { title, messages, expected } of cases) {
    it(`shows ${title}`, () => {
      assert.equal(lastUsefulLines(messages), expected);
    });
  }
});
