import type { Link, Topology } from "./topology.ts";

/** The topology as a picture: a box for each cube, a line for each port that ends at its peer. */
export function topologyLines(topology: Topology, width = Number.POSITIVE_INFINITY): string[] {
  const { cubes, host, transparent } = topology;
  const boxes = cubes.map(({ name, service, type, ports }) =>
    box(name, `${service}, ${type}`, portLines(ports, width)),
  );
  const wires = host.map(({ name, chain }) => ({ name, status: "UP", peer: "the wire", chain }));
  if (wires.length > 0) boxes.push(box("host", "devices no cube uses", portLines(wires, width)));
  const idle = transparent.filter(({ attached }) => attached.length === 0);
  const names = idle.map(({ name, service }) => `${name} (${service})`);
  if (names.length > 0) boxes.push([`attached to nothing: ${names.join(", ")}`]);
  if (boxes.length === 0) return ["there are no cubes"];
  const hasChain = [...cubes.flatMap(({ ports }) => ports), ...host].some(
    ({ chain }) => chain.length > 0,
  );
  return [...boxes, ...(hasChain ? [legend] : [])].flatMap((lines, index) =>
    index === 0 ? lines : ["", ...lines],
  );
}

const legend = ["frames that come in pass [cubes] from right to left, others from left to right"];

function box(title: string, about: string, ports: readonly string[]): string[] {
  const edge = "─".repeat(title.length + 2);
  const foot = ports.length === 0 ? edge : `┬${edge.slice(1)}`;
  return [`┌${edge}┐`, `│ ${title} │ ${about}`, `└${foot}┘`, ...ports];
}

/** Peers of one cube stand below each other as far as the terminal is wide enough. */
function portLines(ports: readonly Link[], width: number): string[] {
  const nameWidth = longest(ports.map(({ name }) => name));
  const room = width - nameWidth - " ├─  ".length;
  const ways = ports.map((port) => wayOf(port));
  const fitting = ways.filter(({ text, end }) => text.length + end.length <= room);
  const column = longest(fitting.map(({ text }) => text));
  return ports.flatMap(({ name }, index) => {
    const way = ways[index];
    const isLast = index === ports.length - 1;
    const [first = "", ...more] = way ? wrapped(way, { column, room }) : [];
    const start = ` ${isLast ? "└" : "├"}─ ${name} ${padding(name, nameWidth, way)}${first}`;
    const margin = ` ${isLast ? " " : "│"}${" ".repeat(nameWidth + 3)}`;
    return [start.trimEnd(), ...more.map((line) => margin + line)];
  });
}

interface Way {
  readonly line: string;
  /** Each in brackets. */
  readonly cubes: readonly string[];
  readonly text: string;
  /** The peer, and whether it is down. */
  readonly end: string;
}

function wayOf({ peer, status, chain }: Link): Way {
  const line = status === "UP" ? "─" : "╌";
  const cubes = chain.map((name) => `[${name}]`);
  const isOpen = peer === undefined && chain.length === 0;
  const text = isOpen
    ? ""
    : [line.repeat(2), ...cubes.map((cube) => cube + line.repeat(2))].join("");
  const isDown = peer !== undefined && status !== "UP";
  return { line, cubes, text, end: isDown ? `${peer}  down` : (peer ?? "") };
}

function padding(name: string, width: number, way: Way | undefined): string {
  const line = way?.text === "" ? " " : (way?.line ?? " ");
  return line.repeat(width - name.length);
}

/** One line, or, where it does not fit, lines with as many cubes as there is room for. */
function wrapped(
  { line, cubes, text, end }: Way,
  { column, room }: { readonly column: number; readonly room: number },
): string[] {
  if (text === "") return [];
  const rest = line.repeat(Math.max(0, column - text.length));
  if (text.length + rest.length + 1 + end.length <= room)
    return [`${text}${rest} ${end}`.trimEnd()];
  const lines: string[] = [];
  let at = line.repeat(2);
  for (const part of [...cubes.map((cube) => cube + line.repeat(2)), ` ${end}`]) {
    if (at.length > 2 && at.length + part.length > room) {
      lines.push(at);
      at = line.repeat(2);
    }
    at += part;
  }
  return [...lines, at];
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}
