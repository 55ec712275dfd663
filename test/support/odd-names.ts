import { compileModules } from "../../tools/generate/compile.ts";

/** A model of names that mean something to JavaScript, TypeScript or proto. */
export function oddNames() {
  const [module] = compileModules([{ name: "names" }], ["test/fixtures/yang/names"]);
  if (module === undefined) throw new Error("the module is compiled");
  return module;
}

const words = {
  constructor: "a",
  toString: "c",
  valueOf: 4,
  hasOwnProperty: true,
  class: "names:constructor",
  function: "__proto__",
  default: "constructor __proto__",
  message: "m",
  reserved: "r",
  _: "u",
  _1: "v",
  length: 0,
  prototype: ["p", "__proto__"],
};

/** JSON of an entry, written as text: `__proto__` is a member of it. */
export const oddEntry = `{"name":"__proto__","__proto__":"b",${JSON.stringify(words).slice(1, -1)},
  "object":{"constructor":"x","__proto__":"y"},"google":{"protobuf":"g","_":{"_":"2"}},
  "any":[{"interface":"i","await":"w","value":"__proto__"},{"interface":"i","await":"x","value":7}],
  "entry":[{"__proto__":"constructor"},{"__proto__":"k","constructor":"l"}],
  "__defineGetter__":{"x":"1"},"_2":{"_3":"3","__":[{"_4":"5"}]}}`;
