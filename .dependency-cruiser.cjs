// Imports go one way: lib <- datamodel, dataplane <- services <- main. A row is a folder and what
// it may import of ours; anything else is an error. test/e2e/boundaries.e2e.test.ts plants offences.
const mayImport = {
  lib: [],
  datamodel: ["lib"],
  dataplane: ["lib"],
  journal: ["lib"],
  gen: ["lib", "dataplane/layout", "datamodel/schema", "datamodel/tree/list", "gen"],
  server: ["lib", "datamodel", "gen/proto", "server"],
  cli: ["lib", "datamodel/schema", "gen/proto"],
};

// src/services holds the contract, the engine's folder, and a folder for each service.
const aService = "^src/services/(?!engine/)([^/]+)/";

const boundaries = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `${folder}-boundary`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: { path: "^src/", pathNot: [folder, ...allowed].map((path) => `^src/${path}(/|$|[.]ts$)`) },
}));

module.exports = {
  forbidden: [
    ...boundaries,
    {
      name: "protocols-are-islands",
      severity: "error",
      from: { path: "^src/server/([^/]+)/" },
      to: { path: "^src/server/([^/]+)/", pathNot: "^src/server/$1/" },
    },
    {
      name: "services-are-islands",
      comment: "Two services that must talk do so through the data, never by import.",
      severity: "error",
      from: { path: aService },
      to: { path: aService, pathNot: "^src/services/$1/" },
    },
    {
      name: "a-service-is-a-declaration",
      comment: "Types of the data plane reach a service through services/service.ts.",
      severity: "error",
      from: { path: aService },
      to: {
        path: "^src/",
        pathNot: [
          "^src/services/$1/",
          "^src/services/service[.]ts$",
          "^src/gen/(yang|bpf)/$1[.]ts$",
          "^src/lib/",
        ],
      },
    },
    {
      name: "a-service-does-no-io",
      severity: "error",
      from: { path: aService },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "the-engine-knows-no-service",
      comment: "Services are found by folder.",
      severity: "error",
      from: { path: "^src/services/(engine/|[^/]+[.]ts$)" },
      to: { path: [aService, "^src/server/", "^src/cli/"] },
    },
    {
      name: "pure-folders-do-no-io",
      severity: "error",
      from: { path: "^src/(lib|datamodel)/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(assert|util)(/|$)" },
    },
    {
      name: "src-does-not-lean-on-tools-or-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(tools|test|bench)/" },
    },
    {
      name: "only-main-composes",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(main[.]ts$|daemon/)" },
      to: { path: "^src/main[.]ts$" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "run-time-needs-run-time-dependencies",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { conditionNames: ["import", "node", "default", "types"] },
  },
};
