/** What `make check` runs, in order; each is one shell command and passes by exit status 0. */
export const checks: Readonly<Record<string, string>> = {
  "generated files are current": "node --import tsx tools/check-generated.ts",
  "field numbers are kept": "node --import tsx tools/check-lock.ts",
  "biome finds nothing": "npm run --silent lint",
  "types hold": "npx tsc -p .",
  "imports go one way": "npm run --silent imports",
  "nothing is unused": "npm run --silent unused",
  "tidy finds nothing": "node --import tsx tools/tidy.ts",
  "C is formatted":
    "find bpf examples -name '*.[ch]' ! -name 'vmlinux*.h' | xargs clang-format --dry-run -Werror",
  "buf accepts the protos": "npm run --silent protos",
  "yanglint accepts the models":
    "for m in $(find yang examples -name '*.yang'); do yanglint -p yang -p yang/base $m || exit 1; done",
  // A module is named as its service, without a prefix (RFC 8407 §4.1): the name is in every path.
  "pyang accepts the models":
    "! pyang --lint -p yang:yang/base $(find yang -name '*.yang') 2>&1 | grep -v 'RFC 8407: 4.1: no module name prefix'",
};
