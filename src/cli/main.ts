import { existsSync, readFileSync } from "node:fs";
import { linkSchema } from "../datamodel/schema/schema.ts";
import { type CommandLine, parseCommandLine } from "./command-line.ts";
import { connection } from "./connection.ts";
import type { Daemon, PlanStep } from "./daemon.ts";
import { type Edit, entryCount } from "./edit.ts";
import { firstSentence, rootHelp, targetHelp, usage } from "./help.ts";
import { humanLines } from "./human-view.ts";
import { parseInput, readInput } from "./input.ts";
import type { Lengths } from "./long-lists.ts";
import { planJson, planLines } from "./plan-view.ts";
import { withProgress } from "./progress.ts";
import { Refusal, Unreachable, violationLines } from "./refusal.ts";
import { needsInput, type Order, type Request, requestFor } from "./request.ts";
import { findTarget, rpcTarget, type Target } from "./target.ts";
import { suggestion, UsageError } from "./usage-error.ts";

/** Exit statuses are promises to scripts: docs/reference/cli.md. */
const exit = { done: 0, refused: 1, usage: 2, unreachable: 3 };
/** Rows of one list that `show` prints on a terminal. */
const rowsOnTerminal = 500;
const defaultSocket = "/run/yangplane/yangplane.sock";

/** Runs one command line; resolves to the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  let daemon: Daemon | undefined;
  try {
    const line = parseCommandLine(argv);
    if (line.about === "help") return print([usage]);
    if (line.about === "version" || isOnly(line, "version")) return print([versionLine()]);
    // Loading gRPC takes longer than all the rest; help does without.
    const { Daemon } = await import("./daemon.ts");
    daemon = new Daemon(line.socket ?? (process.env["YANGPLANE_SOCKET"] || defaultSocket));
    return await new Session(daemon, line).run();
  } catch (error) {
    return complain(error);
  } finally {
    daemon?.close();
  }
}

function isOnly({ words }: CommandLine, word: string): boolean {
  return words.length === 1 && words[0] === word;
}

function versionLine(): string {
  // The folder with package.json is two levels up from the sources and three from the build.
  const candidates = ["../../package.json", "../../../package.json"];
  const files = candidates.map((path) => new URL(path, import.meta.url));
  const file = files.find((url) => existsSync(url));
  const { version } = JSON.parse(file ? readFileSync(file, "utf8") : "{}") as { version?: string };
  return `yangplane ${version ?? "of an unknown version"}`;
}

class Session {
  readonly #daemon: Daemon;
  readonly #line: CommandLine;

  constructor(daemon: Daemon, line: CommandLine) {
    this.#daemon = daemon;
    this.#line = line;
  }

  async run(): Promise<number> {
    const [first, ...rest] = this.#line.words;
    if (first === undefined) return this.#rootHelp();
    switch (first) {
      case "cubes":
        return this.#cubes(rest);
      case "services":
        return this.#services(rest);
      case "connect":
      case "disconnect":
        return this.#write(await connection(this.#daemon, first, rest));
      default:
        return this.#node(first, rest);
    }
  }

  async #rootHelp(): Promise<number> {
    if (this.#line.command && !this.#line.asksHelp)
      throw new UsageError(`${this.#line.command} what?`);
    if (!this.#line.asksHelp) print([usage, ""]);
    const [modules, cubes] = await Promise.all([this.#daemon.modules(), this.#daemon.cubes()]);
    return print(rootHelp(modules, cubes, terminalWidth()));
  }

  async #cubes([name, ...rest]: readonly string[]): Promise<number> {
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
    if (rest.length > 0) throw new UsageError(`nothing can follow services: ${rest.join(" ")}`);
    this.#expectShow("services");
    const modules = await this.#daemon.modules();
    const shown = modules.map(({ name, revision, description }) => ({
      name,
      revision,
      description: firstSentence(description),
    }));
    return this.#print(shown);
  }

  #expectShow(what: string): void {
    const { command } = this.#line;
    if (command && command !== "show") throw new UsageError(`${command} ${what} is not possible`);
  }

  async #node(first: string, rest: readonly string[]): Promise<number> {
    const target = await this.#target(first, rest);
    const { command, parameters, asksHelp, isPlan } = this.#line;
    if (asksHelp) return print(targetHelp(target, command, terminalWidth()));
    // A plan deletes nothing, so it needs no saying twice.
    const isAll = this.#line.isAll || isPlan;
    const order: Order = { command, target, parameters, isAll };
    const input = await this.#input(order);
    return this.#perform(requestFor(input === undefined ? order : { ...order, input }));
  }

  async #target(first: string, rest: readonly string[]): Promise<Target> {
    const [modules, cube] = await Promise.all([this.#daemon.modules(), this.#daemon.cube(first)]);
    if (modules.some(({ name }) => name === first)) return this.#modelTarget(first, rest);
    if (cube) return this.#modelTarget(cube.service, [first, ...rest]);
    const rpc = await this.#rpcTarget(modules, [first, ...rest]);
    if (rpc) return rpc;
    const names = [...modules, ...(await this.#daemon.cubes())].map(({ name }) => name);
    const advice = suggestion(first, names) || "; yangplane ? lists what there is";
    throw new UsageError(`there is no service or cube ${first}${advice}`);
  }

  async #modelTarget(service: string, words: readonly string[]): Promise<Target> {
    const schema = linkSchema([await this.#daemon.model(service)]);
    return findTarget(schema, service, words);
  }

  /** The rpc of any module that the words name. */
  async #rpcTarget(
    modules: readonly { readonly name: string }[],
    words: readonly string[],
  ): Promise<Target | undefined> {
    const models = await Promise.all(modules.map(({ name }) => this.#daemon.model(name)));
    const model = models.find(({ rpcs }) => rpcs.some(({ name }) => name === words[0]));
    return model && rpcTarget(linkSchema([model]), words);
  }

  async #input(order: Order): Promise<unknown> {
    const { command, target, parameters } = order;
    const takesBody = command === "add" || command === "set" || target.kind === "operation";
    if (!takesBody || parameters.size > 0) return undefined;
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
    return exit.done;
  }

  async #plan(edits: readonly Edit[]): Promise<number> {
    const { steps, violations } = await this.#daemon.apply(edits, { dryRun: true });
    if (violations.length > 0) {
      printErrors(violationLines(violations, violations.length));
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

function print(lines: readonly string[]): number {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
  return exit.done;
}

function printErrors(lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
}

function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

function complain(error: unknown): number {
  if (error instanceof UsageError) {
    printErrors([`yangplane: ${error.message}`]);
    return exit.usage;
  }
  if (error instanceof Unreachable) {
    printErrors([`yangplane: ${error.message}`, error.advice]);
    return exit.unreachable;
  }
  if (error instanceof Refusal) {
    const lines = violationLines(error.violations, error.total);
    printErrors(lines.length > 0 ? lines : [`yangplane: ${error.message} (${error.code})`]);
    return exit.refused;
  }
  throw error;
}

/** A reader that has seen enough (`| head`) is no error. */
function stopQuietlyOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(exit.done);
  throw error;
}

/** The program: what bin/yangplane calls. */
export async function main(): Promise<void> {
  process.stdout.on("error", stopQuietlyOnClosedPipe);
  process.exitCode = await run(process.argv.slice(2));
}
