import { suggestion, UsageError } from "./usage-error.ts";

/** Arguments sorted by what they are, before anything is known of the models (cli.md §1). */

export const commands = ["add", "show", "del", "set"] as const;
export type Command = (typeof commands)[number];

const formats = ["normal", "brief", "verbose", "json", "yaml"] as const;
export type Format = (typeof formats)[number];

export interface CommandLine {
  readonly command: Command | undefined;
  /** Service or cube, node names and keys, in order. */
  readonly words: readonly string[];
  /** `k=v`, by k. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly format: Format | undefined;
  /** Dotted paths that a human view leaves out. */
  readonly hidden: readonly string[];
  /** Ends in `?`, or is about more than the program and has `--help`. */
  readonly asksHelp: boolean;
  /** `-`: wait for a body on standard input however long it takes. */
  readonly readsInput: boolean;
  readonly isPlan: boolean;
  /** `--all`: `del` may take more than one thing away. */
  readonly isAll: boolean;
  /** `--repair`: `verify` mends what differs. */
  readonly isRepair: boolean;
  readonly socket: string | undefined;
  /** `--help` or `--version`. */
  readonly about: "help" | "version" | undefined;
}

type Draft = {
  -readonly [K in keyof CommandLine]: CommandLine[K];
} & { words: string[]; parameters: Map<string, string> };

/** @throws UsageError */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const draft: Draft = {
    command: undefined,
    words: [],
    parameters: new Map(),
    format: undefined,
    hidden: [],
    asksHelp: false,
    readsInput: false,
    isPlan: false,
    isAll: false,
    isRepair: false,
    socket: undefined,
    about: undefined,
  };
  const separator = argv.indexOf("--");
  const plain = separator < 0 ? argv : argv.slice(0, separator);
  for (let index = 0; index < plain.length; index += 1) {
    const argument = plain[index] ?? "";
    if (argument === "--socket") {
      draft.socket = socketPath(plain[index + 1]);
      index += 1;
    } else {
      takeArgument(draft, argument);
    }
  }
  // Behind `--` a key may begin with a dash or be called `add`.
  if (separator >= 0) draft.words.push(...argv.slice(separator + 1));
  takeFirstWord(draft);
  check(draft);
  return draft;
}

function takeArgument(draft: Draft, argument: string): void {
  if (draft.asksHelp) throw new UsageError("? has to be the last word");
  if (isCommand(argument)) takeCommand(draft, argument);
  else if (argument === "?") draft.asksHelp = true;
  else if (argument === "-") draft.readsInput = true;
  else if (argument.startsWith("-")) takeFlag(draft, argument);
  else if (argument.includes("=")) takeParameter(draft, argument);
  else takeWord(draft, argument);
}

function isCommand(argument: string): argument is Command {
  return (commands as readonly string[]).includes(argument);
}

function takeCommand(draft: Draft, command: Command): void {
  if (draft.command !== undefined) {
    throw new UsageError(`two commands, ${draft.command} and ${command}; one is possible`);
  }
  refuseBehindParameter(draft, command);
  draft.command = command;
}

function takeWord(draft: Draft, word: string): void {
  refuseBehindParameter(draft, word);
  if (word === "") throw new UsageError("an empty word is neither a node nor a key");
  draft.words.push(word);
}

function refuseBehindParameter({ parameters }: Draft, word: string): void {
  const [last] = [...parameters.keys()].slice(-1);
  if (last !== undefined) throw new UsageError(`${word} has to stand before ${last}=`);
}

function takeParameter(draft: Draft, argument: string): void {
  const equals = argument.indexOf("=");
  const name = argument.slice(0, equals);
  if (name === "") throw new UsageError(`${argument} has no name before the =`);
  if (draft.parameters.has(name)) throw new UsageError(`${name}= is given twice`);
  draft.parameters.set(name, argument.slice(equals + 1));
}

function takeFlag(draft: Draft, argument: string): void {
  const name = argument.replace(/^--?/, "");
  const isShort = !argument.startsWith("--");
  const format = formats.find((known) => known === name);
  if (format) takeFormat(draft, format);
  else if (name.startsWith("hide=")) draft.hidden = name.slice("hide=".length).split(",");
  else if (name.startsWith("socket=")) draft.socket = socketPath(name.slice("socket=".length));
  else if (name === "plan") draft.isPlan = true;
  else if (name === "all") draft.isAll = true;
  else if (name === "repair") draft.isRepair = true;
  else if (name === "help" || (name === "h" && isShort)) draft.about = "help";
  else if (name === "version") draft.about = "version";
  else throw unknownFlag(argument, name);
}

function unknownFlag(argument: string, name: string): UsageError {
  const known = [...formats, "hide=", "socket", "plan", "all", "repair", "help", "version"];
  const advice = suggestion(name, known) || "; a key like this goes behind --";
  return new UsageError(`unknown flag ${argument}${advice}`);
}

function takeFormat(draft: Draft, format: Format): void {
  if (draft.format !== undefined && draft.format !== format) {
    throw new UsageError(`-${draft.format} and -${format} exclude each other`);
  }
  draft.format = format;
}

function socketPath(path: string | undefined): string {
  if (!path) throw new UsageError("--socket needs the path of a Unix socket");
  return path;
}

/** `plan` and `help` say what to do with the rest. */
function takeFirstWord(draft: Draft): void {
  const [first] = draft.words;
  if (first === "plan" || first === "help") draft.words.shift();
  if (first === "plan") draft.isPlan = true;
  if (first === "help") draft.about = "help";
  const hasSubject = draft.words.length > 0 || draft.command !== undefined;
  if (draft.about !== "help" || !hasSubject) return;
  draft.asksHelp = true;
  draft.about = undefined;
}

function check({ command, format, hidden, words, ...draft }: Draft): void {
  const { isPlan, isAll, isRepair } = draft;
  if (format && (command === "add" || command === "set" || command === "del") && !isPlan) {
    throw new UsageError(`${command} prints nothing: -${format} has no meaning here`);
  }
  if (hidden.length > 0 && (format === "json" || format === "yaml")) {
    throw new UsageError(`-hide and -${format} exclude each other`);
  }
  if (isAll && command !== "del") throw new UsageError("-all goes with del");
  if (isRepair && words[0] !== "verify") throw new UsageError("-repair goes with verify");
  if (isPlan && command === "show") throw new UsageError("show changes nothing to plan");
}
