/** Commands that no model has, for help and for suggestions. */
export interface Builtin {
  readonly what: string;
  /** What follows: keyword, type, description. */
  readonly words: readonly (readonly [keyword: string, type: string, description: string])[];
  readonly examples: readonly string[];
}

const show = ["show", "command", "print; the same as nothing"] as const;

export const builtins: ReadonlyMap<string, Builtin> = new Map(
  Object.entries<Builtin>({
    plan: {
      what: "Print what a command would write to the kernel, and change nothing",
      words: [
        ["…", "command", "add, set, del, an action or connect and its kind, with their words"],
      ],
      examples: ["plan br0 ports del p1", "plan connect br0:p1 veth1"],
    },
    cubes: {
      what: "List the cubes, or create some of any service",
      words: [
        show,
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
    netdevs: {
      what: "List the network devices, and what is attached to them",
      words: [show, ["<name>", "device", "only this one"]],
      examples: ["netdevs", "netdevs show eth0"],
    },
    topology: {
      what: "Draw what is connected to what",
      words: [show, ["<name>", "cube", "only what can be reached from this cube or device"]],
      examples: ["topology", "topology show br0", "topology -json"],
    },
    trace: {
      what: "Tell of single frames which cubes they pass, and what each decides",
      words: [
        ["<port>", "port", "cube:port: frames that come to it from its peer"],
        ["<device>", "device", "frames that come from it, or go out of it"],
        ["mac=", "filter", "source or destination"],
        ["ip=", "filter", "source or destination, IPv4 or IPv6"],
        ["ethertype=", "filter", "a number, or ipv4, arp, ipv6"],
        ["protocol=", "filter", "a number, or icmp, igmp, tcp, udp, icmpv6, sctp"],
        ["port=", "filter", "source or destination of TCP, UDP or SCTP"],
        ["frames=", "bound", "end after so many, 1 to 10000; default 10"],
        ["seconds=", "bound", "end after so long, 1 to 3600; default 60"],
      ],
      examples: ["trace br0:p1", "trace veth1 ip=192.0.2.1 protocol=udp port=53"],
    },
    verify: {
      what: "Compare what is in the kernel with the configuration",
      words: [["--repair", "flag", "mend what differs"]],
      examples: ["verify", "verify --repair", "verify -json"],
    },
    cleanup: {
      what: "Take all that a daemon has left out of the kernel; none may run",
      words: [
        ["--pin-dir", "flag", "its folder on the bpf file system"],
        ["--state-dir", "flag", "or its state directory; both as yangplaned was given them"],
      ],
      examples: ["cleanup", "cleanup --state-dir /srv/yangplane"],
    },
    version: { what: "Print the version of this program", words: [], examples: ["version"] },
  }),
);
