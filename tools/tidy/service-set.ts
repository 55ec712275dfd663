import type { Finding } from "./finding.ts";

/** Where the parts of a service live; each captures the service's name. */
const places = {
  "yang/<name>.yang": /^yang\/([^/]+)\.yang$/,
  "bpf/<name>/<name>.bpf.c": /^bpf\/([^/]+)\/\1\.bpf\.c$/,
  "src/services/<name>/service.ts": /^src\/services\/([^/]+)\/service\.ts$/,
  "test/services/<name>/<name>.test.ts": /^test\/services\/([^/]+)\/\1\.test\.ts$/,
} satisfies Record<string, RegExp>;

/** Folders beside those of the services: programs every cube uses, and the engine. */
const shared = new Set(["core", "engine"]);

/**
 * A service is there in all its places under one name, or it is not there. One without cubes has no
 * programs, and then nothing generated from them either.
 */
export function checkServiceSet(files: readonly string[]): Finding[] {
  const found = Object.entries(places).map(([place, pattern]) => ({
    place,
    names: new Set(files.flatMap((file) => pattern.exec(file)?.[1] ?? [])),
  }));
  const names = new Set(found.flatMap((part) => [...part.names]));
  const all = new Set(files);
  return [...names]
    .filter((name) => !shared.has(name))
    .sort()
    .flatMap((name) => {
      const isNeeded = (place: string) =>
        !place.startsWith("bpf/") || all.has(`src/gen/bpf/${name}.ts`);
      return found
        .filter(({ place, names: there }) => !there.has(name) && isNeeded(place))
        .map(({ place }) => missing(name, place.replaceAll("<name>", name)));
    });
}

function missing(name: string, file: string): Finding {
  const message = `service ${name} lacks this file`;
  return { rule: "service-set", file, line: 1, message, severity: "failure" };
}
