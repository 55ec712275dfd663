/**
 * What must not compile in a service's declaration. `tsc` is the test: an expectation that is not
 * met is an error.
 */
import type { YangList } from "../../src/datamodel/tree/list.ts";
import type { ObjectLayout } from "../../src/dataplane/layout.ts";
import { helloworldObject } from "../../src/gen/bpf/helloworld.ts";
import { simplebridgeObject } from "../../src/gen/bpf/simplebridge.ts";
import { type Helloworld, helloworldModel } from "../../src/gen/yang/helloworld.ts";
import {
  type FdbEntry,
  type Simplebridge,
  simplebridgeModel,
} from "../../src/gen/yang/simplebridge.ts";
import { u32 } from "../../src/lib/codec.ts";
import { macBytes } from "../../src/lib/mac.ts";
import {
  type CubeReader,
  defineModule,
  defineService,
  type Facts,
  factList,
  nested,
  type ServiceEdit,
} from "../../src/services/service.ts";

const base = {
  model: simplebridgeModel,
  object: simplebridgeObject,
  programs: { tc: "ingress", xdp: "xdpIngress" },
} as const;

/** A service whose programs hand it frames. */
const wire = {
  model: helloworldModel,
  object: helloworldObject,
  programs: { tc: "ingress" },
  tables: {
    settings: {
      entries: (config: Helloworld) => [config],
      row: () => ({ key: 0, value: { action: "drop" } as const }),
    },
  },
} as const;

const settings = {
  entries: (config: Simplebridge) => [config.fdb],
  row: ({ agingTime }: { readonly agingTime: number }) => ({
    key: 0,
    value: { agingTimeNs: BigInt(agingTime) },
  }),
};

const staticFdb = {
  entries: (config: Simplebridge) => config.fdb.entry,
  row: ({ address }: FdbEntry) => ({ key: { address: macBytes(address) }, value: { port: 0 } }),
};

export const whole = defineService({ ...base, tables: { settings, staticFdb } });

export const handedFrames = defineService({
  ...wire,
  punted: ({ data, at, reason, segmentSize }, cube) => ({
    send: [{ data: data.subarray(reason), segmentSize, at, go: "out" }],
    log: [{ level: "info", text: `from ${cube.portName(at)}` }],
  }),
});

export const handedNone = defineService({
  ...base,
  tables: { settings, staticFdb },
  // @ts-expect-error its object does not include slow_path.h
  punted: () => ({}),
});

export const sentAstray = defineService({
  ...wire,
  // @ts-expect-error a frame goes out or in
  punted: ({ data, at }) => ({ send: [{ data, at, go: "away" }] }),
});

// @ts-expect-error a config map has no table
export const withoutTable = defineService({ ...base, tables: { settings } });

export const tableOfStateMap = defineService({
  ...base,
  // @ts-expect-error a state map is not the engine's to write
  tables: { settings, staticFdb, learnedFdb: staticFdb },
});

export const rowsOfWrongList = defineService({
  ...base,
  tables: {
    settings,
    // @ts-expect-error ports have no address
    staticFdb: { ...staticFdb, entries: (config: Simplebridge) => config.ports },
  },
});

export const wrongFieldType = defineService({
  ...base,
  tables: {
    // @ts-expect-error 64-bit fields are bigint
    settings: { ...settings, row: () => ({ key: 0, value: { agingTimeNs: 300 } }) },
    staticFdb,
  },
});

export const missingField = defineService({
  ...base,
  tables: {
    settings,
    staticFdb: {
      entries: staticFdb.entries,
      // @ts-expect-error the value lacks its port
      row: ({ address }: FdbEntry) => ({ key: { address: macBytes(address) }, value: {} }),
    },
  },
});

export const unknownProgram = defineService({
  ...base,
  // @ts-expect-error the object has no such program
  programs: { tc: "egress" },
  tables: { settings, staticFdb },
});

export const unknownLeaf = defineService({
  ...base,
  // @ts-expect-error the model has no such leaf
  capacity: { learnedFdb: (config: Simplebridge) => config.fdb.length },
  tables: { settings, staticFdb },
});

export const unknownCapacity = defineService({
  ...base,
  // @ts-expect-error the object has no such map
  capacity: { learned: () => 64 },
  tables: { settings, staticFdb },
});

export const eventsOfConfigMap = defineService({
  ...base,
  tables: { settings, staticFdb },
  // @ts-expect-error no program writes it
  events: { staticFdb: () => [] },
});

export const edits: readonly ServiceEdit[] = [
  { at: ["ports", ["p1"]], operation: "create", value: { peer: "veth1" } },
  { at: ["ports", ["p1"], "tcubes", ["fw0"]], operation: "merge", insert: "before", point: ["n0"] },
  { at: ["ports", ["p1"]], operation: "delete" },
  // @ts-expect-error what goes before something says before what
  { at: ["ports", ["p1"], "tcubes", ["fw0"]], operation: "merge", insert: "before" },
  // @ts-expect-error what goes first goes beside nothing
  { at: ["ports", ["p1"], "tcubes", ["fw0"]], operation: "merge", insert: "first", point: ["n0"] },
  // @ts-expect-error a deletion has no value
  { at: ["ports", ["p1"]], operation: "delete", value: {} },
  // @ts-expect-error keys stand in a list behind the name
  { at: { ports: "p1" }, operation: "delete" },
];

export const actionWithoutAnswer = defineService({
  ...base,
  tables: { settings, staticFdb },
  // @ts-expect-error an action answers, if only with nothing
  actions: { "fdb/flush": () => ({ edits: [] }) },
});

export const moduleWithTables = defineModule({
  model: { ir: simplebridgeModel.ir },
  // @ts-expect-error a module without cubes has no maps
  tables: {},
});

export const moduleOfCubes = defineModule({
  model: { ir: simplebridgeModel.ir },
  // @ts-expect-error nor cubes whose maps its state could read
  state: { simplebridge: (cube: { readonly maps: object }) => cube.maps },
});

const withConstant = {
  ...base,
  object: { ...simplebridgeObject, constants: { agingMax: { name: "aging_max", value: u32 } } },
  tables: { settings, staticFdb },
} as const;

export const constant = defineService({
  ...withConstant,
  constants: ({ fdb }) => ({ agingMax: fdb.size }),
});

// @ts-expect-error the object has a constant
export const withoutConstants = defineService(withConstant);

export const unknownConstant = defineService({
  ...withConstant,
  // @ts-expect-error the object has no such constant
  constants: () => ({ agingMin: 1 }),
});

export const wrongConstant = defineService({
  ...withConstant,
  // @ts-expect-error 32-bit constants are numbers
  constants: () => ({ agingMax: 1n }),
});

interface Learned {
  readonly stations: YangList<{ readonly address: string }, [address: string]>;
}

const nothing: Learned = { stations: factList() };

export const learning = defineService({
  ...base,
  tables: { settings, staticFdb },
  facts: { initial: nothing },
  events: { fdbEvents: (_record, { facts }) => ({ facts: facts.own }) },
  state: { fdb: ({ facts }) => [...facts.own.stations] },
});

export const learnedFromNothing = defineService({
  ...base,
  tables: { settings, staticFdb },
  // @ts-expect-error what is learned begins with something
  events: { fdbEvents: () => ({ facts: nothing }) },
});

export const learnedSomethingElse = defineService({
  ...base,
  tables: { settings, staticFdb },
  facts: { initial: nothing },
  // @ts-expect-error facts keep their form
  events: { fdbEvents: () => ({ facts: { stations: [] } }) },
});

export const rowsOfFacts = defineService({
  ...base,
  facts: { initial: nothing },
  tables: {
    settings,
    staticFdb: {
      entries: (_config: Simplebridge, { own }: Facts<Simplebridge, Learned>) => own.stations,
      row: ({ address }: { readonly address: string }) => ({
        key: { address: macBytes(address) },
        value: { port: 0 },
      }),
    },
  },
});

export const rowsOfOtherFacts = defineService({
  ...base,
  facts: { initial: nothing },
  tables: {
    settings,
    staticFdb: {
      entries: (_config: Simplebridge, { ports }: Facts<Simplebridge, Learned>) => ports,
      // @ts-expect-error ports have no address
      row: ({ address }: { readonly address: string }) => ({
        key: { address: macBytes(address) },
        value: { port: 0 },
      }),
    },
  },
});

const derivedFdb = {
  from: (config: Simplebridge) => config.fdb.entry,
  rows: (entries: Iterable<FdbEntry>) =>
    [...entries].map(({ address }) => ({
      key: { address: macBytes(address) },
      value: { port: 0 },
    })),
};

export const derivedMap = defineService({
  ...base,
  tables: { settings },
  derived: { staticFdb: derivedFdb },
});

// @ts-expect-error a map has one source
export const tableAndDerived = defineService({
  ...base,
  tables: { settings, staticFdb },
  derived: { staticFdb: derivedFdb },
});

export const derivedStateMap = defineService({
  ...base,
  tables: { settings, staticFdb },
  // @ts-expect-error a state map is not the engine's to write
  derived: { eventsLost: { from: () => 0, rows: () => [{ key: 0, value: 0n }] } },
});

export const wronglyDerived = defineService({
  ...base,
  tables: { settings },
  derived: {
    staticFdb: {
      ...derivedFdb,
      // @ts-expect-error rows have the key of the map
      rows: () => [{ key: 0, value: { port: 0 } }],
    },
  },
});

export const derivedOfSomethingElse = defineService({
  ...base,
  tables: { settings },
  derived: {
    // @ts-expect-error ports have no address
    staticFdb: {
      ...derivedFdb,
      from: (config: Simplebridge) => config.ports,
    },
  },
});

interface Tray {
  readonly name: string;
  readonly clip: YangList<FdbEntry, [address: string]>;
}

const trays = factList<Tray, [name: string]>();
const clips = nested(
  () => trays,
  ({ clip }) => clip,
);

export const nestedTable = defineService({
  ...base,
  tables: {
    settings,
    staticFdb: {
      entries: clips,
      row: ({ address }: FdbEntry, _config: Simplebridge, tray: Tray) => ({
        key: { address: macBytes(address) },
        value: { port: tray.name.length },
      }),
    },
  },
});

export const nestedWithoutInner = defineService({
  ...base,
  tables: {
    settings,
    staticFdb: {
      entries: clips,
      // @ts-expect-error the entries are the inner ones
      row: ({ name }: Tray) => ({
        key: { address: macBytes(name) },
        value: { port: 0 },
      }),
    },
  },
});

export const flatWithParent = defineService({
  ...base,
  tables: {
    settings,
    staticFdb: {
      ...staticFdb,
      // @ts-expect-error what is not nested has no parent
      row: ({ address }: FdbEntry, _config: Simplebridge, parent: Tray) => ({
        key: { address: macBytes(address) },
        value: { port: parent.name.length },
      }),
    },
  },
});

const perCpuMeter = { ...simplebridgeObject.maps.eventsLost, type: "percpu_array" } as const;
interface Metered extends ObjectLayout {
  readonly maps: { readonly meter: typeof perCpuMeter };
}

export const lastOfCpus = ({ maps }: CubeReader<Simplebridge, Metered>): bigint | undefined => {
  return maps.meter.get(0)?.at(-1);
};

export const notOfOneCpu = ({ maps }: CubeReader<Simplebridge, Metered>): bigint | undefined => {
  // @ts-expect-error a per-CPU map has a value for each CPU
  return maps.meter.get(0);
};

export const notifying = defineService({
  ...base,
  tables: { settings, staticFdb },
  portChanged: (was, is) => ({
    notifications: [{ at: ["ports", [(is ?? was)?.config.name ?? ""]], name: "link", value: {} }],
  }),
});

export const notifyingOfNothing = defineService({
  ...base,
  tables: { settings, staticFdb },
  // @ts-expect-error a notification has a name and a value
  portChanged: () => ({ notifications: [{ at: ["fdb"] }] }),
});

export const portWithoutItsLeaf = defineService({
  ...base,
  tables: { settings, staticFdb },
  // @ts-expect-error ports have no aging time
  portChanged: (_was, is) => ({ changed: [["ports", [is?.config.agingTime ?? ""]]] }),
});
