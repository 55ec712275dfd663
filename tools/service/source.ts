import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";

/** The folder of a service outside the tree: `<name>.yang`, `<name>.bpf.c`, `service.ts`. */
export interface ServiceSource {
  readonly name: string;
  readonly folder: string;
  /** Where all that is built goes. */
  readonly build: string;
}

/** @throws BuildError that says which part is missing */
export function findSource(folder: string): ServiceSource {
  if (!existsSync(folder)) throw new BuildError(`there is no folder ${folder}`);
  const names = readdirSync(folder).flatMap((file) => /^(.+)\.yang$/.exec(file)?.[1] ?? []);
  if (names.length === 0) throw new BuildError(`${folder}: there is no model, <name>.yang`);
  const [name, other] = names.filter((each) => existsSync(join(folder, `${each}.bpf.c`)));
  if (name === undefined) {
    const wanted = names.map((each) => `${each}.bpf.c`).join(" or ");
    throw new BuildError(`${folder}: there is no program, ${wanted}`);
  }
  if (other !== undefined) {
    throw new BuildError(`${folder}: ${name} and ${other} are two services: a folder each`);
  }
  if (!existsSync(join(folder, "service.ts"))) {
    throw new BuildError(`${folder}: there is no service.ts`);
  }
  return { name, folder, build: join(folder, "build") };
}
