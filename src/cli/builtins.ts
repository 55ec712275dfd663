/** Commands that are no service's, for help and for suggestions. */
export interface Builtin {
  readonly what: string;
  /** What follows: keyword, type, description. */
  readonly words: readonly (readonly [keyword: string, type: string, description: string])[];
  readonly examples: readonly string[];
}

const ends = [
  ["<cube:port>", "port", "the port to begin with"],
  ["<device|cube:port>", "peer", "a network device, or a port of another cube"],
] as const;

export const builtins: ReadonlyMap<string, Builtin> = new Map(
  Object.entries<Builtin>({
    connect: {
      what: "Connect a port to a network device or to a port of another cube",
      words: ends,
      examples: ["connect br0:p1 veth1", "connect br0:p1 r1:p2"],
    },
    disconnect: {
      what: "End such a connection",
      words: ends,
      examples: ["disconnect br0:p1 veth1"],
    },
    plan: {
      what: "Print what a command would write to the kernel, and change nothing",
      words: [["…", "command", "add, set, del, connect or disconnect with their words"]],
      examples: ["plan br0 ports del p1"],
    },
    cubes: {
      what: "List the cubes, or create some of any service",
      words: [
        ["show", "command", "print; the same as nothing"],
        ["add", "command", "create those on standard input, each with its service-name"],
        ["<name>", "cube", "what follows a cube"],
      ],
      examples: ["cubes", "cubes add < all.yaml"],
    },
    services: {
      what: "List the services, load one from a folder, or unload it",
      words: [
        ["show", "command", "print all, or the one that is named; the same as nothing"],
        ["add", "command", "load what yangplane-gen --service has built in a folder"],
        ["del", "command", "unload the one that is named; it must have no cubes"],
      ],
      examples: ["services", "services add ./packetcounter", "services del packetcounter"],
    },
    version: { what: "Print the version of this program", words: [], examples: ["version"] },
  }),
);
