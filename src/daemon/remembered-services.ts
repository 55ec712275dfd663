import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "./atomic-file.ts";

/** A service that was loaded while the daemon ran, and is to be loaded when it starts. */
export interface Remembered {
  readonly name: string;
  readonly folder: string;
}

/** Which services were loaded, in a file of the state directory. */
export class RememberedServices {
  readonly #file: string;
  #services: readonly Remembered[];

  private constructor(file: string, services: readonly Remembered[]) {
    this.#file = file;
    this.#services = services;
  }

  /** @throws Error that names the file if it is damaged */
  static async open(stateDirectory: string): Promise<RememberedServices> {
    const file = join(stateDirectory, "services.json");
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new Error(`reading ${file}`, { cause: error });
    });
    return new RememberedServices(file, text === undefined ? [] : parse(text, file));
  }

  list(): readonly Remembered[] {
    return this.#services;
  }

  /** Rejects, and remembers what it did, if it cannot be written. */
  async add(service: Remembered): Promise<void> {
    await this.#write([...this.#services.filter(({ name }) => name !== service.name), service]);
  }

  async remove(name: string): Promise<void> {
    await this.#write(this.#services.filter((service) => service.name !== name));
  }

  async #write(services: readonly Remembered[]): Promise<void> {
    await writeAtomically(this.#file, `${JSON.stringify({ services }, null, 2)}\n`);
    this.#services = services;
  }
}

function parse(text: string, file: string): Remembered[] {
  const services = servicesIn(text);
  if (services.every(isRemembered)) return services;
  throw new Error(`${file} is damaged: remove it, and name the folders with --service-dir`);
}

function servicesIn(text: string): unknown[] {
  try {
    const { services } = JSON.parse(text) as { readonly services?: unknown };
    return Array.isArray(services) ? services : [undefined];
  } catch {
    return [undefined];
  }
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== "object" || value === null) return false;
  const { name, folder } = value as Readonly<Record<string, unknown>>;
  return typeof name === "string" && typeof folder === "string";
}
