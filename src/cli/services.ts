import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandLine } from "./command-line.ts";
import type { Daemon, ServiceInfo } from "./daemon.ts";
import { firstSentence } from "./leaf-help.ts";
import { noSuch } from "./refusal.ts";
import { suggestion, UsageError } from "./usage-error.ts";

/** What of a daemon this needs. */
type Roster = Pick<Daemon, "services" | "loadService" | "unloadService">;

/** What `services …` prints: all of them, one, or nothing after one was added or deleted. */
export async function services(
  daemon: Roster,
  line: Pick<CommandLine, "command" | "parameters" | "isPlan">,
  words: readonly string[],
): Promise<unknown> {
  const { command = "show", isPlan } = line;
  const [word, ...more] = words;
  if (more.length > 0) throw new UsageError(`${more[0]} can follow nothing`);
  if (isPlan) throw new UsageError("services that come and go cannot be planned");
  switch (command) {
    case "show":
      return word === undefined ? (await daemon.services()).map(row) : details(daemon, word);
    case "add":
      await daemon.loadService(folderOf(word, line.parameters), line.parameters.get("name"));
      return undefined;
    case "del":
      if (word === undefined) throw new UsageError("services del needs the name of a service");
      await daemon.unloadService(word);
      return undefined;
    default:
      throw new UsageError(`${command} services is not possible`);
  }
}

function row({ name, revision, cubes, directory, description }: ServiceInfo) {
  return { name, revision, cubes, folder: directory, description: firstSentence(description) };
}

async function details(daemon: Roster, wanted: string) {
  const all = await daemon.services();
  const found = all.find(({ name }) => name === wanted);
  if (found) return { ...row(found), description: found.description };
  const names = all.map(({ name }) => name);
  throw noSuch(`service ${wanted}${suggestion(wanted, names)}`);
}

/** The folder as a word, or as Polycube has it: `type=lib uri=… name=…`. */
function folderOf(word: string | undefined, parameters: ReadonlyMap<string, string>): string {
  const known = ["type", "uri", "name"];
  const unknown = [...parameters.keys()].find((name) => !known.includes(name));
  if (unknown) throw new UsageError(`services add has no ${unknown}=${suggestion(unknown, known)}`);
  const type = parameters.get("type") ?? "lib";
  if (type !== "lib") throw new UsageError(`a service of type ${type} cannot be loaded, only lib`);
  const uri = parameters.get("uri");
  if (word !== undefined && uri !== undefined) throw new UsageError("a folder or uri=, not both");
  const given = word ?? uri;
  if (!given) throw new UsageError("services add needs a folder that yangplane-gen has built");
  if (given.endsWith(".so")) {
    throw new UsageError(`${given} is a library of Polycube; a folder is what can be loaded`);
  }
  return given.startsWith("file:") ? fileURLToPath(given) : resolve(given);
}
