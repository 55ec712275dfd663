import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePattern, patternRegExp } from "../../../src/datamodel/schema/xsd-pattern.ts";
import { YangContext } from "../../../tools/libyang/libyang.ts";
import { arbitraryMatch } from "../../support/random-value.ts";

interface Case {
  readonly pattern: string;
  readonly yes: readonly string[];
  readonly no: readonly string[];
  /** Where libyang's translation to PCRE leaves XML Schema. */
  readonly libyangDiffers?: string;
}

const cases: readonly Case[] = [
  { pattern: "", yes: [""], no: ["a"] },
  { pattern: "ab", yes: ["ab"], no: ["xab", "abx", "ab\n", "\nab", "AB"] },
  { pattern: "a|bc", yes: ["a", "bc"], no: ["ac", "abc", "b", ""] },
  { pattern: "a||b", yes: ["a", "", "b"], no: ["ab"] },
  { pattern: "(a|b)c", yes: ["ac", "bc"], no: ["a", "c", "abc"] },
  { pattern: "()a", yes: ["a"], no: [""] },
  { pattern: "^a$", yes: ["^a$"], no: ["a"] },
  { pattern: "a$|^b", yes: ["a$", "^b"], no: ["a", "b"] },
  { pattern: "a?b*c+", yes: ["c", "abbcc", "bc"], no: ["aac", "ab", ""] },
  { pattern: "a{2}b{1,}c{0,2}", yes: ["aab", "aabbbcc"], no: ["ab", "aabccc", "aaab", "aa"] },
  { pattern: "a{0}b", yes: ["b"], no: ["ab"] },
  { pattern: "(ab?){2}", yes: ["aa", "abab", "aba"], no: ["a", "ababab"] },
  { pattern: "a.c", yes: ["abc", "a😀c", "a.c"], no: ["a\nc", "ac"] },
  { pattern: "a.c", yes: [], no: ["a\rc"], libyangDiffers: "PCRE's . takes CR" },
  { pattern: "[abc]", yes: ["a", "c"], no: ["d", "ab", "-"] },
  { pattern: "[^abc]", yes: ["d", "\n", "😀"], no: ["a", ""] },
  { pattern: "[a-c0-2]+", yes: ["abc012"], no: ["3", "d", "-"] },
  { pattern: "[-a]+", yes: ["-a"], no: ["b"] },
  { pattern: "[a-]+", yes: ["-a"], no: ["b"] },
  { pattern: "[a\\-c]+", yes: ["a-c"], no: ["b"] },
  { pattern: "[\\^\\]\\[\\\\]+", yes: ["^]\\["], no: ["a"] },
  { pattern: "[.*&|!~#$%,:;<=>?@`{}()/+]+", yes: [".*&|!~#$%,:;<=>?@`{}()/+"], no: ["a", "-"] },
  { pattern: "[&&]", yes: ["&"], no: ["a"] },
  { pattern: "\\.\\*\\(\\)\\|\\?\\+\\{\\}\\\\", yes: [".*()|?+{}\\"], no: ["a"] },
  { pattern: "\\/\\:\\@\\_", yes: ["/:@_"], no: ["\\/"] },
  { pattern: "a{x}", yes: ["a{x}"], no: ["a"] },
  { pattern: "\\t\\n\\r", yes: ["\t\n\r"], no: ["tnr"] },
  { pattern: "\\d+", yes: ["019", "٣"], no: ["a", "½"] },
  { pattern: "\\D", yes: ["a"], no: ["1", "٣"] },
  { pattern: "\\s\\S", yes: [" a", "\tb"], no: ["  ", "ab"] },
  { pattern: "\\s", yes: [], no: ["\u00a0", "\u2003"], libyangDiffers: "PCRE's \\s is Unicode" },
  { pattern: "[\\s\\d]+", yes: ["1 2\t"], no: ["a"] },
  { pattern: "[^\\d]", yes: ["a"], no: ["1"] },
  {
    pattern: "\\w+",
    yes: ["aé語1+"],
    no: ["a b", "a_b", ""],
    libyangDiffers: "PCRE's \\w is letters and _",
  },
  { pattern: "\\W", yes: ["-", "_"], no: ["a"], libyangDiffers: "PCRE's \\W, as \\w" },
  {
    pattern: "\\i\\c*",
    yes: ["a-b.1", "_:é"],
    no: ["1a", "-a", ""],
    libyangDiffers: "not in PCRE",
  },
  { pattern: "[\\i-[:]][\\c-[:]]*", yes: ["a-b"], no: ["a:b"], libyangDiffers: "not in PCRE" },
  { pattern: "\\I\\C", yes: ["1 "], no: ["a ", "1a"], libyangDiffers: "not in PCRE" },
  { pattern: "[a-z-[aeiou]]+", yes: ["xyz"], no: ["xay"], libyangDiffers: "no subtraction" },
  { pattern: "[^a-z-[0-9]]", yes: ["A", "-"], no: ["b", "5"], libyangDiffers: "no subtraction" },
  {
    pattern: "[a-z-[b-y-[m]]]+",
    yes: ["amz"],
    no: ["b"],
    libyangDiffers: "no subtraction",
  },
  { pattern: "\\p{L}+", yes: ["aéЖ語"], no: ["1", " "] },
  { pattern: "\\p{Lu}\\P{Lu}", yes: ["Aa", "É1"], no: ["aa", "AA"] },
  { pattern: "[\\p{Ll}\\p{Nd}]+", yes: ["a1"], no: ["A"] },
  { pattern: "\\p{IsBasicLatin}*", yes: ["", "az~\t"], no: ["é"] },
  { pattern: "\\P{IsBasicLatin}", yes: ["é"], no: ["a"], libyangDiffers: "knows \\p{Is…} only" },
  {
    pattern: "[\\p{IsGreek}x]",
    yes: ["Ω", "x"],
    no: ["a", "Ж"],
    libyangDiffers: "breaks the class",
  },
  { pattern: "(?:ab)+", yes: ["abab"], no: ["a"] },
  { pattern: "a+?b??", yes: ["aa", "aab"], no: ["b"] },
];

describe("patternRegExp", () => {
  for (const { pattern, yes, no } of cases) {
    it(`reads ${JSON.stringify(pattern)} as XML Schema does`, () => {
      const regExp = patternRegExp(pattern);

      assert.deepEqual(
        yes.filter((text) => !regExp.test(text)),
        [],
        "refused",
      );
      assert.deepEqual(
        no.filter((text) => regExp.test(text)),
        [],
        "taken",
      );
    });
  }

  const untranslatable = [
    { pattern: "(a", why: /a "\(" without its "\)"/ },
    { pattern: "a)", why: /unexpected "\)"/ },
    { pattern: "*a", why: /nothing to repeat/ },
    { pattern: "a**", why: /two quantifiers/ },
    { pattern: "a++", why: /two quantifiers/ },
    { pattern: "a{3,1}", why: /wrong way round/ },
    { pattern: "[z-a]", why: /wrong way round/ },
    { pattern: "[a--z]", why: /wrong way round/ },
    { pattern: "[a-\\d]", why: /range that ends/ },
    { pattern: "[]", why: /empty class/ },
    { pattern: "[a", why: /ends too early/ },
    { pattern: "[a-[b]c]", why: /goes on behind its subtraction/ },
    { pattern: "a\\", why: /ends too early/ },
    { pattern: "\\b", why: /unknown escape/ },
    { pattern: "\\p", why: /without "\{name\}"/ },
    { pattern: "\\p{IsKlingon}", why: /unknown Unicode block/ },
    { pattern: "\\p{Script=Greek}", why: /unknown Unicode category/ },
    { pattern: "(?=a)b", why: /kind that XSD does not know/ },
    { pattern: "(".repeat(5000), why: /more than 100 groups/ },
  ];

  for (const { pattern, why } of untranslatable) {
    it(`refuses ${JSON.stringify(pattern.slice(0, 30))} and quotes it`, () => {
      assert.throws(
        () => patternRegExp(pattern),
        (error: Error) =>
          why.test(error.message) && error.message.includes(JSON.stringify(pattern)),
      );
    });
  }

  it("translates any text or refuses it with the pattern quoted", () => {
    const pieces = fc.constantFrom(..."ab[]()-^$.*+?|{}1,\\\\pdisP", "-[", "\\p{L}", "{2}", "😀");
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const pattern = parts.join("");
        try {
          patternRegExp(pattern);
        } catch (error) {
          assert.match((error as Error).message, /^translating pattern /);
          assert.doesNotMatch((error as Error).message, /Invalid regular expression/);
        }
      }),
    );
  });

  it("matches what is made from the pattern", () => {
    const shape = fc.constantFrom(...cases.map(({ pattern }) => pattern));
    fc.assert(
      fc.property(
        shape.chain((pattern) =>
          fc.tuple(fc.constant(pattern), arbitraryMatch(parsePattern(pattern))),
        ),
        ([pattern, text]) => patternRegExp(pattern).test(text),
      ),
    );
  });
});

describe("patternRegExp beside libyang", () => {
  let context: YangContext;
  const shared = cases.filter(({ libyangDiffers }) => libyangDiffers === undefined);

  before(() => {
    context = new YangContext({ searchDirs: [] });
    const leaves = shared.map(({ pattern }, index) => {
      const quoted = pattern.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
      return `leaf p${index} { type string { pattern "${quoted}"; } }`;
    });
    context.parse(`module patterns { yang-version 1.1; namespace "urn:patterns"; prefix p;
      ${leaves.join("\n")} }`);
  });

  after(() => {
    context[Symbol.dispose]();
  });

  for (const [index, { pattern, yes, no }] of shared.entries()) {
    it(`agrees on ${JSON.stringify(pattern)}`, () => {
      const regExp = patternRegExp(pattern);
      const texts = [...yes, ...no, "a", "ab", "", "-", "😀", "a\n", "A1_"];

      const differing = texts.filter((text) => {
        const error = context.validateJson(JSON.stringify({ [`patterns:p${index}`]: text }));
        return regExp.test(text) !== (error === undefined);
      });

      assert.deepEqual(differing, []);
    });
  }
});
