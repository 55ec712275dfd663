import type { IrModule } from "../../../src/datamodel/schema/ir.ts";
import { nodeAt } from "./compile-text.ts";

/** One row of the golden table: what a statement becomes in the IR. */
export interface StatementCase {
  /** A sentence; docs/reference/yang-statements.md names it. */
  readonly title: string;
  readonly body: string;
  readonly features?: readonly string[];
  readonly pick: (module: IrModule) => unknown;
  readonly expected: unknown;
}

const at = (path: string) => (module: IrModule) => nodeAt(module, path);
/** Some members of a node, absent ones as undefined. */
const members =
  (path: string, ...keys: string[]) =>
  (module: IrModule) => {
    const node = new Map(Object.entries(nodeAt(module, path)));
    return keys.map((key) => node.get(key));
  };
const typeOf = (path: string) => (module: IrModule) => members(path, "type")(module)[0];
const plain = { module: "m", config: true };
const stringLeaf = (name: string) => ({
  kind: "leaf",
  name,
  ...plain,
  type: { base: "string" },
  mandatory: false,
});

const headerCases: readonly StatementCase[] = [
  {
    title: "a module keeps name, namespace, prefix, newest revision and description",
    body: `organization o; contact c; description d; revision 2020-01-01 { reference r; }
      revision 2019-01-01;`,
    pick: ({ name, namespace, prefix, revision, description }) => [
      name,
      namespace,
      prefix,
      revision,
      description,
    ],
    expected: ["m", "urn:m", "m", "2020-01-01", "d"],
  },
  {
    title: "an import by revision resolves a typedef of another module",
    body: `import torture-types { prefix tt; revision-date 2026-01-01; } leaf l { type tt:percent; }`,
    pick: typeOf("l"),
    expected: {
      base: "uint8",
      range: { intervals: [{ min: "0", max: "100" }], message: "not a percentage" },
      typedef: "torture-types:percent",
    },
  },
  {
    title: "a submodule is part of its module",
    body: `import torture-types { prefix tt; } leaf l { type tt:from-submodule; }`,
    pick: typeOf("l"),
    expected: { base: "boolean", typedef: "torture-types:from-submodule" },
  },
  {
    title: "a feature is listed when it is on and takes its nodes away when it is off",
    body: `feature a; feature b; leaf in { if-feature "a and not b"; type string; }
      leaf out { if-feature "b or (not a)"; type string; }`,
    features: ["a"],
    pick: ({ features, data }) => [features, data.map(({ name }) => name)],
    expected: [["a"], ["in"]],
  },
  {
    title: "an identity has its bases by full name",
    body: `feature f; identity base1; identity base2; identity off { if-feature f; base base1; }
      identity sub { base base1; base m:base2; description d; }`,
    pick: ({ identities }) => identities,
    expected: [
      { name: "m:base1", bases: [] },
      { name: "m:base2", bases: [] },
      { name: "m:sub", bases: ["m:base1", "m:base2"], description: "d" },
    ],
  },
  {
    title: "an extension instance is kept on its node and on its module",
    body: `extension mark { argument text { yin-element true; } } extension flag;
      m:flag; leaf l { m:mark "x y"; type string; }`,
    pick: (module) => [module.extensions, members("l", "extensions")(module)],
    expected: [[{ name: "m:flag" }], [[{ name: "m:mark", argument: "x y" }]]],
  },
];

const nodeCases: readonly StatementCase[] = [
  {
    title: "a container has children and, with presence, what its presence means",
    body: `container c { presence "is
         here"; leaf a { type string; } }`,
    pick: at("c"),
    expected: {
      kind: "container",
      name: "c",
      ...plain,
      presence: "is\nhere",
      children: [stringLeaf("a")],
    },
  },
  {
    title: "a leaf has type, default, units, mandatory, description, reference and status",
    body: `container c { leaf l { type int8; units s; default 3; description d; reference r;
      status deprecated; } leaf n { type int8; mandatory true; } }`,
    pick: (module) => [nodeAt(module, "c/l"), members("c/n", "mandatory")(module)],
    expected: [
      {
        kind: "leaf",
        name: "l",
        module: "m",
        description: "d",
        reference: "r",
        status: "deprecated",
        config: true,
        type: { base: "int8" },
        mandatory: false,
        default: "3",
        units: "s",
      },
      [true],
    ],
  },
  {
    title: "a leaf-list has defaults, order and bounds",
    body: `leaf-list a { type string; default x; default y; ordered-by user; max-elements 3; }
      leaf-list b { type string; min-elements 1; max-elements unbounded; }`,
    pick: (module) =>
      ["a", "b"].map((name) =>
        members(name, "defaults", "userOrdered", "minElements", "maxElements")(module),
      ),
    expected: [
      [["x", "y"], true, undefined, 3],
      [undefined, false, 1, undefined],
    ],
  },
  {
    title: "a list has its keys in the order of the key statement",
    body: `list l { key "b
        a"; leaf a { type string; } leaf b { type string; } ordered-by user; min-elements 1; }`,
    pick: members("l", "keys", "userOrdered", "minElements", "maxElements"),
    expected: [["b", "a"], true, 1, undefined],
  },
  {
    title: "a state list may have no key",
    body: "container c { config false; list l { leaf a { type string; } } }",
    pick: (module) => [
      members("c/l", "keys", "config")(module),
      members("c/l/a", "config")(module),
    ],
    expected: [[[], false], [false]],
  },
  {
    title: "unique statements are paths of leaf names",
    body: `list l { key k; leaf k { type string; } unique "a c/m:b"; unique a; leaf a { type string; }
      container c { leaf b { type string; } } }`,
    pick: members("l", "uniques"),
    expected: [[[["a"], ["c", "b"]], [["a"]]]],
  },
  {
    title: "a choice has cases, written and implied, and a default case",
    body: `choice c { default b; case a { leaf a1 { type string; } leaf a2 { type string; } }
      leaf b { type string; } choice d { mandatory true; container e { presence p; } } }`,
    pick: (module) => [
      members("c", "default", "mandatory")(module),
      members("c/a", "children")(module),
      members("c/b", "kind", "children")(module),
      members("c/d/d", "kind", "mandatory")(module),
      members("c/d/d/e/e", "kind")(module),
    ],
    expected: [
      ["b", false],
      [[stringLeaf("a1"), stringLeaf("a2")]],
      ["case", [stringLeaf("b")]],
      ["choice", true],
      ["container"],
    ],
  },
  {
    title: "anydata and anyxml are told apart",
    body: "container c { anydata a { mandatory true; } anyxml x; }",
    pick: (module) => [members("c/a", "kind", "mandatory")(module), members("c/x", "kind")(module)],
    expected: [["anydata", true], ["anyxml"]],
  },
  {
    title: "an rpc has input and output, and a leafref finds its way out of them",
    body: `rpc r { input { leaf a { type string; } leaf b { type leafref { path "../a"; } }
      must "a"; } output { leaf c { type leafref { path "/m:top"; } } } } leaf top { type int8; }`,
    pick: ({ rpcs }) =>
      rpcs.map(({ kind, name, input, output }) => [
        kind,
        name,
        input.musts,
        input.children.map(({ name: child }) => child),
        input.children.map((leaf) => "type" in leaf && "target" in leaf.type && leaf.type.target),
        output.children.map((leaf) => "type" in leaf && "target" in leaf.type && leaf.type.target),
      ]),
    expected: [
      [
        "operation",
        "r",
        [{ expression: "a", module: "m" }],
        ["a", "b"],
        [false, "/m:r/input/a"],
        ["/m:top"],
      ],
    ],
  },
  {
    title: "an action is an operation of its node",
    body: `container c { leaf t { type int8; } action a { input { leaf i { type leafref {
      path "../../t"; } } } output { leaf o { type string; } } } }`,
    pick: (module) => [
      members("c/a", "kind", "name")(module),
      typeOf("c/a/input/i")(module),
      nodeAt(module, "c/a/output/o"),
    ],
    expected: [
      ["operation", "a"],
      {
        base: "leafref",
        path: { expression: "../../t", module: "m" },
        requireInstance: true,
        target: "/m:c/t",
        type: { base: "int8" },
      },
      stringLeaf("o"),
    ],
  },
  {
    title: "notifications stand at the top and inside nodes",
    body: `notification n { must "a"; leaf a { type string; } }
      container c { notification p { leaf b { type string; } } }`,
    pick: (module) => [module.notifications, nodeAt(module, "c/p")],
    expected: [
      [
        {
          kind: "notification",
          name: "n",
          module: "m",
          children: [stringLeaf("a")],
          musts: [{ expression: "a", module: "m" }],
        },
      ],
      { kind: "notification", name: "p", module: "m", children: [stringLeaf("b")] },
    ],
  },
  {
    title: "state nodes and all below them are config false",
    body: "container c { config false; container d { leaf e { type string; } } } leaf f { type int8; }",
    pick: (module) => ["c", "c/d", "c/d/e", "f"].map((path) => members(path, "config")(module)),
    expected: [[false], [false], [false], [true]],
  },
];

const reuseCases: readonly StatementCase[] = [
  {
    title: "a grouping's nodes are in the using module, with the grouping's prefixes resolved",
    body: `import torture-types { prefix other; } uses other:endpoint;`,
    pick: at("address"),
    expected: {
      kind: "leaf",
      name: "address",
      module: "m",
      config: true,
      type: { base: "string", typedef: "torture-types:address" },
      mandatory: false,
      musts: [{ expression: "../port or derived-from(., 'torture-types:fast')", module: "m" }],
    },
  },
  {
    title: "a refine changes what a grouping brought",
    body: `grouping g { leaf a { type int8; description old; } container c { list l { key k;
      leaf k { type string; } } } choice d { leaf e { type string; } } }
      container top { uses g { refine a { default 4; description new; must ". > 1"; }
      refine c { presence yes; } refine c/l { max-elements 2; } refine d { mandatory true; } } }`,
    pick: (module) => [
      members("top/a", "default", "description", "musts")(module),
      members("top/c", "presence")(module),
      members("top/c/l", "maxElements")(module),
      members("top/d", "mandatory")(module),
    ],
    expected: [["4", "new", [{ expression: ". > 1", module: "m" }]], ["yes"], [2], [true]],
  },
  {
    title: "an augment of a uses adds to the grouping's nodes",
    body: `grouping g { container c { choice h { leaf x { type string; } } } }
      uses g { when "flag"; augment c { when "m:flag"; leaf a { type string; } }
      augment c/h { leaf y { type string; } } } leaf flag { type boolean; }`,
    pick: (module) => [
      members("c", "when")(module),
      members("c/a", "when")(module),
      members("c/h/y", "kind")(module),
    ],
    expected: [
      [[{ expression: "flag", module: "m", context: "parent" }]],
      [[{ expression: "m:flag", module: "m", context: "parent" }]],
      ["case"],
    ],
  },
  {
    title: "an augment adds nodes, with its when seen from the target",
    body: `container c { leaf a { type int8; } } augment /m:c { when "a > 1";
      leaf b { when "../a > 2"; type string; } choice d { leaf e { type string; } } }
      augment /m:c/m:d/m:e/m:e2 { leaf f { type string; } }
      augment /m:c/m:d/m:e { container e2 { } }`,
    pick: (module) => [
      members("c/b", "when")(module),
      members("c/d/e/e2/f", "name", "module")(module),
    ],
    expected: [
      [
        [
          { expression: "../a > 2", module: "m", context: "self" },
          { expression: "a > 1", module: "m", context: "parent" },
        ],
      ],
      ["f", "m"],
    ],
  },
  {
    title: "a deviation replaces, adds, deletes and removes",
    body: `typedef small { type uint8 { range 1..3; } }
      container c { leaf a { type string; units s; default x; } leaf gone { type string; }
      leaf b { type string; must "a"; } list l { key k; leaf k { type string; } leaf u { type int8; }
      unique u; } }
      deviation /m:c/m:a { deviate replace { type small; default 2; units t; } }
      deviation /m:c/m:b { deviate add { mandatory true; must "../a"; } deviate delete { must "a"; } }
      deviation /m:c/m:l { deviate delete { unique u; } }
      deviation /m:c/m:gone { deviate not-supported; }`,
    pick: (module) => [
      members("c/a", "type", "default", "units")(module),
      members("c/b", "mandatory", "musts")(module),
      members("c/l", "uniques")(module),
      members("c", "children")(module).flat().length,
    ],
    expected: [
      [
        { base: "uint8", range: { intervals: [{ min: "1", max: "3" }] }, typedef: "m:small" },
        "2",
        "t",
      ],
      [true, [{ expression: "../a", module: "m" }]],
      [undefined],
      3,
    ],
  },
  {
    title: "must and when keep their text, message and tag, prefixes as module names",
    body: `identity i; identity j { base i; } container c { leaf a { type identityref { base i; } }
      leaf b { when "../m:a = 'm:j' or ../a='x:y'"; type string; } leaf e { type string;
      must "count(../m:*) > 1
        and 'm:a' != child::text" { error-message e; error-app-tag t; } }
      choice d { when "a"; case k { when "e"; leaf f { type string; } } }
      leaf text { type string; } }`,
    pick: (module) => [
      members("c/b", "when")(module),
      members("c/e", "musts")(module),
      members("c/d", "when")(module),
      members("c/d/k", "when")(module),
    ],
    expected: [
      [[{ expression: "../m:a = 'm:j' or ../a='x:y'", module: "m", context: "self" }]],
      [
        [
          {
            expression: "count(../m:*) > 1\nand 'm:a' != child::text",
            module: "m",
            message: "e",
            appTag: "t",
          },
        ],
      ],
      [[{ expression: "a", module: "m", context: "parent" }]],
      [[{ expression: "e", module: "m", context: "parent" }]],
    ],
  },
];

const typeCases: readonly StatementCase[] = [
  {
    title: "a range is the intersection of its typedef chain, which is named",
    body: `typedef a { type int16 { range "1..100 | 200" { error-message e; error-app-tag t; } }
      units u; default 5; } typedef b { type a { range "5..100 | max"; } } leaf l { type b { range "5..10|200" {
      error-message f; } } } leaf k { type m:a; }`,
    pick: (module) => [
      typeOf("l")(module),
      members("l", "units", "default")(module),
      typeOf("k")(module),
    ],
    expected: [
      {
        base: "int16",
        range: {
          intervals: [
            { min: "5", max: "10" },
            { min: "200", max: "200" },
          ],
          message: "f",
        },
        typedef: "m:b",
        typedefChain: ["m:a"],
      },
      ["u", "5"],
      {
        base: "int16",
        range: {
          intervals: [
            { min: "1", max: "100" },
            { min: "200", max: "200" },
          ],
          message: "e",
          appTag: "t",
        },
        typedef: "m:a",
      },
    ],
  },
  {
    title: "a typedef of an inner scope is found first",
    body: `container c { typedef t { type int8; } leaf l { type t; } container d {
      typedef t2 { type t; } leaf k { type t2; } } }`,
    pick: (module) => [typeOf("c/l")(module), typeOf("c/d/k")(module)],
    expected: [
      { base: "int8", typedef: "m:t" },
      { base: "int8", typedef: "m:t2", typedefChain: ["m:t"] },
    ],
  },
  {
    title: "every integer type keeps its name",
    body: ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
      .map((base) => `leaf x-${base} { type ${base}; }`)
      .join(" "),
    pick: ({ data }) => data.map((node) => "type" in node && node.type.base),
    expected: ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"],
  },
  {
    title: "decimal64 bounds are decimals",
    body: `leaf l { type decimal64 { fraction-digits 2; range "-1.5..-0.05 | 0 | 10.25..max"; }
      default 10.5; }`,
    pick: (module) => [typeOf("l")(module), members("l", "default")(module)],
    expected: [
      {
        base: "decimal64",
        fractionDigits: 2,
        range: {
          intervals: [
            { min: "-1.5", max: "-0.05" },
            { min: "0.0", max: "0.0" },
            { min: "10.25", max: "92233720368547758.07" },
          ],
        },
      },
      ["10.5"],
    ],
  },
  {
    title: "a string has length and all patterns of its chain, inverted ones marked",
    body: `typedef a { type string { length "1..5" { error-app-tag t; } pattern '[a-z"\\\\]*'; } }
      leaf l { type a { length 2; pattern "x.*" { modifier invert-match; error-message e; } } }`,
    pick: typeOf("l"),
    expected: {
      base: "string",
      length: { intervals: [{ min: "2", max: "2" }] },
      patterns: [
        { expression: '[a-z"\\\\]*' },
        { expression: "x.*", invertMatch: true, message: "e" },
      ],
      typedef: "m:a",
    },
  },
  {
    title: "binary, boolean and empty",
    body: "leaf a { type binary { length 1..4; } } leaf b { type boolean; } leaf c { type empty; }",
    pick: (module) => ["a", "b", "c"].map((name) => typeOf(name)(module)),
    expected: [
      { base: "binary", length: { intervals: [{ min: "1", max: "4" }] } },
      { base: "boolean" },
      { base: "empty" },
    ],
  },
  {
    title: "enums have values, written and counted, also when a leaf restricts them",
    body: `feature f; typedef e { type enumeration { enum a; enum b { value 7; description d; }
      enum c; enum "d e"; } } leaf l { type e { enum a; enum "d e"; enum b { if-feature f; } } }
      leaf k { type e; }`,
    pick: (module) => [typeOf("l")(module), typeOf("k")(module)],
    expected: [
      {
        base: "enumeration",
        enums: [
          { name: "a", value: 0 },
          { name: "d e", value: 9 },
        ],
        typedef: "m:e",
      },
      {
        base: "enumeration",
        enums: [
          { name: "a", value: 0 },
          { name: "b", value: 7, description: "d" },
          { name: "c", value: 8 },
          { name: "d e", value: 9 },
        ],
        typedef: "m:e",
      },
    ],
  },
  {
    title: "bits have positions",
    body: `leaf l { type bits { bit a; bit b { position 4; description d; } bit c; } default "a c"; }`,
    pick: (module) => [typeOf("l")(module), members("l", "default")(module)],
    expected: [
      {
        base: "bits",
        bits: [
          { name: "a", position: 0 },
          { name: "b", position: 4, description: "d" },
          { name: "c", position: 5 },
        ],
      },
      ["a c"],
    ],
  },
  {
    title: "a leafref has its target's path and type, through other leafrefs",
    body: `import torture-types { prefix tt; } list l { key k; leaf k { type tt:address; }
      leaf v { type leafref { path "/m:l/m:k"; } } }
      container c { leaf r { type leafref { path "../../l[k = current()/../k]/v"; require-instance false; } }
      leaf k { type string; } }`,
    pick: typeOf("c/r"),
    expected: {
      base: "leafref",
      path: { expression: "../../l[k = current()/../k]/v", module: "m" },
      requireInstance: false,
      target: "/m:l/v",
      type: { base: "string", typedef: "torture-types:address" },
    },
  },
  {
    title: "an identityref has its bases, its default a module name",
    body: `import torture-types { prefix tt; } identity mine { base tt:speed; }
      leaf l { type identityref { base tt:speed; } default tt:fast; }`,
    pick: (module) => [
      typeOf("l")(module),
      members("l", "default")(module),
      module.identities.map(({ name }) => name),
    ],
    expected: [
      { base: "identityref", bases: ["torture-types:speed"] },
      ["torture-types:fast"],
      ["m:mine", "torture-types:fast"],
    ],
  },
  {
    title: "an instance-identifier has module names in its default",
    body: `leaf t { type string; } leaf l { type instance-identifier { require-instance false; }
      default "/m:t"; } leaf k { type instance-identifier; }`,
    pick: (module) => [typeOf("l")(module), members("l", "default")(module), typeOf("k")(module)],
    expected: [
      { base: "instance-identifier", requireInstance: false },
      ["/m:t"],
      { base: "instance-identifier", requireInstance: true },
    ],
  },
  {
    title: "a union is flat, its members keep their typedefs",
    body: `typedef n { type int8; } typedef u { type union { type n; type enumeration { enum a; } } }
      leaf t { type n; } leaf l { type union { type u; type leafref { path "../t"; } type string; } }`,
    pick: typeOf("l"),
    expected: {
      base: "union",
      types: [
        { base: "int8", typedef: "m:n" },
        { base: "enumeration", enums: [{ name: "a", value: 0 }] },
        {
          base: "leafref",
          path: { expression: "../t", module: "m" },
          requireInstance: true,
          target: "/m:t",
          type: { base: "int8", typedef: "m:n" },
        },
        { base: "string" },
      ],
    },
  },
];

export const statementCases = [...headerCases, ...nodeCases, ...reuseCases, ...typeCases];
