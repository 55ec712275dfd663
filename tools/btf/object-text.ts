/** The maps, programs and constants of a compiled object, as its `ObjectLayout`. */
import type { Btf } from "../../src/dataplane/btf/btf.ts";
import { camelCase, property, tagOf } from "../../src/dataplane/btf/names.ts";
import {
  describeObject,
  type MapDescription,
  type ObjectDescription,
} from "../../src/dataplane/btf/object.ts";
import type { TypeWriter } from "./type-text.ts";

export function objectText(name: string, btf: Btf, writer: TypeWriter): string {
  const { maps, programs, constants, drops } = describeObject(name, btf);
  return [
    `export const ${camelCase(tagOf(name))}Object = {`,
    `  name: ${JSON.stringify(name)},`,
    ...section(
      "maps",
      maps.flatMap((map) => mapLines(map, writer)),
    ),
    ...section("programs", programs.map(programLine)),
    ...section("constants", constantLines(constants, writer)),
    ...(drops.length === 0 ? [] : section("drops", drops.map(dropLine))),
    "} as const satisfies ObjectLayout;",
  ].join("\n");
}

function section(name: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [`  ${name}: {},`];
  return [`  ${name}: {`, ...lines.map((line) => `    ${line}`), "  },"];
}

function mapLines({ key, value, ...map }: MapDescription, writer: TypeWriter): string[] {
  const codecOf = (id: number | undefined, what: string) =>
    (id === undefined ? writer.nothing() : writer.write(id, `${what} of map ${map.name}`)).codec;
  const form = { key: codecOf(key, "key"), value: codecOf(value, "value") };
  return [
    `${property(camelCase(map.name))}: {`,
    `  name: ${JSON.stringify(map.name)},`,
    `  type: ${JSON.stringify(map.type)},`,
    `  owner: ${JSON.stringify(map.owner)},`,
    `  key: ${form.key},`,
    `  value: ${form.value},`,
    `  maxEntries: ${map.maxEntries},`,
    "},",
  ];
}

function programLine({ name, family }: ObjectDescription["programs"][number]): string {
  const layout = `{ name: ${JSON.stringify(name)}, family: ${JSON.stringify(family)} }`;
  return `${property(camelCase(name))}: ${layout},`;
}

function constantLines(constants: ObjectDescription["constants"], writer: TypeWriter): string[] {
  return constants.map(({ name, type }) => {
    const { codec } = writer.write(type, `constant ${name}`);
    const layout = `{ name: ${JSON.stringify(name)}, value: ${codec} }`;
    return `${property(camelCase(name))}: ${layout},`;
  });
}

function dropLine({ index, reason }: ObjectDescription["drops"][number]): string {
  return `${index}: ${JSON.stringify(reason)},`;
}
