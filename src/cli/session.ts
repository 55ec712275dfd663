import type { IrModule } from "../datamodel/schema/ir.ts";
import { linkSchema } from "../datamodel/schema/schema.ts";
import { coreWords } from "../lib/core-words.ts";
import { builtins } from "./builtins.ts";
import type { Command, CommandLine } from "./command-line.ts";
import type { CubeInfo, Daemon, PlanStep } from "./daemon.ts";
import { type Edit, entryCount } from "./edit.ts";
import { builtinHelp, rootHelp, targetHelp } from "./help.ts";
import { humanLines } from "./human-view.ts";
import { parseInput, readInput } from "./input.ts";
import type { Lengths } from "./long-lists.ts";
import { nameNotes } from "./name-note.ts";
import { exit, print, printErrors, terminalWidth } from "./output.ts";
import { planJson, planLines } from "./plan-view.ts";
import { withProgress } from "./progress.ts";
import { noSuch, violationLines } from "./refusal.ts";
import { needsInput, type Order, type Request, requestFor, takesInput } from "./request.ts";
import { services } from "./services.ts";
import { findTarget, rpcTarget, type Target } from "./target.ts";
import { around, namesIn } from "./topology.ts";
import { readTopology } from "./topology-reader.ts";
import { topologyLines } from "./topology-view.ts";
import { trace } from "./trace.ts";
import { usage } from "./usage.ts";
import { suggestion, UsageError } from "./usage-error.ts";
import { verificationJson, verificationLines } from "./verify.ts";

/** Rows of one list that `show` prints on a terminal. */
const rowsOnTerminal = 500;

/** One command line, carried out with a daemon. */
export class Session {
  readonly #daemon: Daemon;
  readonly #line: CommandLine;

  constructor(daemon: Daemon, line: CommandLine) {
    this.#daemon = daemon;
    this.#line = line;
  }

  async run(): Promise<number> {
    const [first, ...rest] = this.#line.words;
    if (first === undefined) return this.#rootHelp();
    const builtin = rest.length === 0 && this.#line.asksHelp ? builtins.get(first) : undefined;
    if (builtin) return print(builtinHelp(builtin, terminalWidth()));
    switch (first) {
      case "cubes":
        return this.#cubes(rest);
      case "services":
        return this.#services(rest);
      case "verify":
        return this.#verify(rest);
      case "netdevs":
        return this.#node("netdev", rest, this.#line.command ?? "show");
      case "topology":
        return this.#topology(rest);
      case "trace":
        return trace(this.#daemon, this.#line, rest);
      default:
        return this.#node(first, rest);
    }
  }

  async #rootHelp(): Promise<number> {
    const { command, asksHelp } = this.#line;
    if (command && !asksHelp) throw new UsageError(`${command} what?`);
    if (!asksHelp) print([usage, ""]);
    const [models, cubes] = await Promise.all([this.#models(), this.#daemon.cubes()]);
    return print(rootHelp(models, cubes, terminalWidth()));
  }

  async #models(): Promise<IrModule[]> {
    const modules = await this.#daemon.modules();
    return Promise.all(modules.map(({ name }) => this.#daemon.model(name)));
  }

  async #cubes([name, ...rest]: readonly string[]): Promise<number> {
    const cube = name === undefined ? undefined : await this.#daemon.cube(name);
    if (name !== undefined && cube) {
      return this.#carryOut(await this.#modelTarget(cube.service, [name, ...rest]));
    }
    if (name !== undefined) return this.#node(name, rest);
    if (this.#line.command === "add") return this.#addCubes();
    this.#expectShow("cubes");
    const cubes = await this.#daemon.cubes();
    return this.#print(
      cubes.map(({ name, service, type, uuid }) => ({ name, service, type, uuid })),
    );
  }

  /** Entries of any service, told apart by their `service-name` as in Polycube's files. */
  async #addCubes(): Promise<number> {
    const text = await readInput({ isNeeded: true, isWelcome: true });
    if (text === undefined) throw new UsageError("cubes add needs a body on standard input");
    const input = await parseInput(text);
    const cubes = (Array.isArray(input) ? input : [input]) as Record<string, unknown>[];
    if (cubes.length === 0) throw new UsageError("the body has no cubes");
    const services = new Set(cubes.map(serviceOf));
    const edits: Edit[] = [];
    for (const service of services) {
      const entries = cubes.filter((cube) => serviceOf(cube) === service);
      const target = await this.#target(service, []);
      const order: Order = {
        command: "add",
        target,
        parameters: new Map(),
        isAll: false,
        input: entries,
      };
      const request = requestFor(order);
      if (request.kind === "write") edits.push(...request.edits);
    }
    return this.#write(edits);
  }

  async #services(rest: readonly string[]): Promise<number> {
    const shown = await services(this.#daemon, this.#line, rest);
    return shown === undefined ? exit.done : this.#print(shown);
  }

  /** A script sees by the exit status whether all is as configured by now. */
  async #verify([word]: readonly string[]): Promise<number> {
    if (word !== undefined) throw new UsageError(`verify ${word}: it looks at everything at once`);
    const { command, isPlan, isRepair, format = "normal" } = this.#line;
    if (command) throw new UsageError(`${command} verify is not possible`);
    if (isPlan) throw new UsageError("verify without --repair is the plan of one with it");
    const found = await this.#daemon.verify(isRepair);
    if (format === "json" || format === "yaml") await this.#print(verificationJson(found));
    else print(verificationLines(found, terminalWidth()));
    return found.total === 0 || found.isRepaired ? exit.done : exit.refused;
  }

  async #topology([name, ...rest]: readonly string[]): Promise<number> {
    if (rest.length > 0) throw new UsageError(`topology ${name} ${rest[0]}: one start at a time`);
    this.#expectShow("topology");
    const whole = await readTopology(this.#daemon);
    const names = namesIn(whole);
    if (name !== undefined && !names.has(name)) {
      throw noSuch(`cube or used device ${name}${suggestion(name, names)}`);
    }
    const topology = name === undefined ? whole : around(whole, name);
    const { format = "normal" } = this.#line;
    if (format === "json" || format === "yaml") return this.#print(topology);
    return print(topologyLines(topology, terminalWidth()));
  }

  #expectShow(what: string): void {
    const { command } = this.#line;
    if (command && command !== "show") throw new UsageError(`${command} ${what} is not possible`);
  }

  async #node(first: string, rest: readonly string[], command?: Command): Promise<number> {
    return this.#carryOut(await this.#target(first, rest), command);
  }

  async #carryOut(target: Target, command = this.#line.command): Promise<number> {
    const { parameters, asksHelp, isPlan } = this.#line;
    if (asksHelp) return print(targetHelp(target, command, terminalWidth()));
    // A plan deletes nothing, so it needs no saying twice.
    const isAll = this.#line.isAll || isPlan;
    const order: Order = { command, target, parameters, isAll };
    const input = await this.#input(order);
    return this.#perform(requestFor(input === undefined ? order : { ...order, input }));
  }

  async #target(first: string, rest: readonly string[]): Promise<Target> {
    const [modules, cube] = await Promise.all([this.#daemon.modules(), this.#cubeCalled(first)]);
    if (modules.some(({ name }) => name === first)) return this.#modelTarget(first, rest);
    if (cube) return this.#modelTarget(cube.service, [first, ...rest]);
    const models = await this.#models();
    const model = models.find(({ rpcs }) => rpcs.some(({ name }) => name === first));
    if (model) return rpcTarget(linkSchema([model]), [first, ...rest]);
    const rpcs = models.flatMap((one) => one.rpcs);
    const names = [...modules, ...(await this.#daemon.cubes()), ...rpcs].map(({ name }) => name);
    const advice =
      suggestion(first, [...builtins.keys(), ...names]) || "; yangplane ? lists what there is";
    throw new UsageError(`there is no service or cube ${first}${advice}`);
  }

  /** A cube in the place of a command would take the command away from everybody. */
  async #cubeCalled(word: string): Promise<CubeInfo | undefined> {
    return coreWords.has(word) ? undefined : this.#daemon.cube(word);
  }

  async #modelTarget(service: string, words: readonly string[]): Promise<Target> {
    const schema = linkSchema([await this.#daemon.model(service)]);
    return findTarget(schema, service, words);
  }

  async #input(order: Order): Promise<unknown> {
    if (!takesInput(order)) return undefined;
    const isNeeded = this.#line.readsInput || needsInput(order);
    const text = await readInput({ isNeeded, isWelcome: true });
    return text === undefined ? undefined : parseInput(text);
  }

  async #perform(request: Request): Promise<number> {
    if (request.kind === "write") return this.#write(request.edits);
    if (request.kind === "show") return this.#show(request.path);
    if (this.#line.isPlan) {
      return this.#printPlan(await this.#daemon.planInvoke(request.path, request.json));
    }
    const output = await this.#daemon.invoke(request.path, request.json);
    return this.#print(output);
  }

  /** On a terminal, of a very long list only the start; files and pipes get all of it. */
  async #show(path: string): Promise<number> {
    const { format } = this.#line;
    const isForPerson = process.stdout.isTTY && format !== "json" && format !== "yaml";
    if (!isForPerson) return this.#print(await this.#daemon.read(path));
    const { data, lengths } = await this.#daemon.readStart(path, rowsOnTerminal);
    return this.#print(data, lengths);
  }

  async #write(edits: readonly Edit[]): Promise<number> {
    if (this.#line.isPlan) return this.#plan(edits);
    await withProgress(entryCount(edits), (progress) =>
      this.#daemon.apply(edits, { dryRun: false, progress }),
    );
    printErrors(nameNotes(edits));
    return exit.done;
  }

  async #plan(edits: readonly Edit[]): Promise<number> {
    const { steps, violations, total } = await this.#daemon.apply(edits, { dryRun: true });
    if (violations.length > 0) {
      printErrors(violationLines(violations, total));
      return exit.refused;
    }
    return this.#printPlan(steps);
  }

  async #printPlan(steps: readonly PlanStep[]): Promise<number> {
    const { format } = this.#line;
    if (format === "json" || format === "yaml") return this.#print(planJson(steps));
    return print(planLines(steps, terminalWidth()));
  }

  async #print(data: unknown, lengths?: Lengths): Promise<number> {
    const { format = "normal", hidden } = this.#line;
    if (format === "json") return print([JSON.stringify(data, undefined, 2)]);
    if (format === "yaml") return print([(await import("yaml")).stringify(data).trimEnd()]);
    return print(humanLines(data, { format, hidden, width: terminalWidth(), lengths }));
  }
}

function serviceOf(cube: Record<string, unknown>): string {
  const service = cube?.["service-name"];
  if (typeof service === "string") return service;
  throw new UsageError("each cube needs its service-name");
}
