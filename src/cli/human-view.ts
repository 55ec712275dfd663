import type { Format } from "./command-line.ts";
import type { Lengths } from "./long-lists.ts";
import { tableLines } from "./table.ts";

/**
 * Data for people (cli.md §3): scalars as `key: value`, containers one space deeper, lists as
 * tables. How deep lists go depends on the format: `brief` counts them, `normal` shows a table,
 * `verbose` also the lists and containers inside its entries.
 */

export interface ViewOptions {
  readonly format: Format;
  /** Dotted paths from the node shown; in tables their columns go. */
  readonly hidden: readonly string[];
  readonly width: number | undefined;
  /** Of lists that are longer than what is given of them. */
  readonly lengths?: Lengths | undefined;
}

type Json = { readonly [member: string]: unknown };

export function humanLines(data: unknown, options: ViewOptions): string[] {
  if (isScalar(data)) return scalarLines(data);
  if (Array.isArray(data)) {
    return data.length === 0 ? ["(none)"] : listLines(data, { ...options, indent: 0, at: "" });
  }
  if (isObject(data)) return objectLines(data, { ...options, indent: 0, at: "" });
  return [];
}

/** A leaf on one line, a leaf-list on as many as it has values. */
function scalarLines(data: unknown): string[] {
  return (Array.isArray(data) ? data : [data]).map((value) => scalarText([value]));
}

interface Place extends ViewOptions {
  readonly indent: number;
  /** Dotted path of the node, ending in a dot unless it is the top. */
  readonly at: string;
}

function objectLines(object: Json, place: Place): string[] {
  const members = Object.entries(object).filter(([name]) => !isHidden(place, name));
  const margin = " ".repeat(place.indent);
  const scalars = members.filter(([, value]) => isScalar(value));
  const objects = members.filter(([, value]) => isObject(value));
  const lists = members.filter(([, value]) => Array.isArray(value) && !isScalar(value));
  return [
    ...scalars.map(([name, value]) => `${margin}${plain(name)}: ${scalarText(value)}`.trimEnd()),
    ...objects.flatMap(([name, value]) => [
      `${margin}${plain(name)}:`,
      ...objectLines(value as Json, below(place, name)),
    ]),
    ...lists.flatMap(([name, value]) => namedListLines(name, value as unknown[], place)),
  ];
}

function namedListLines(name: string, list: readonly unknown[], place: Place): string[] {
  const title = `${" ".repeat(place.indent)}${plain(name)}:`;
  if (place.format === "brief") return [`${title} ${counted(list, place)}`];
  return ["", title, ...listLines(list, below(place, name))];
}

function listLines(list: readonly unknown[], place: Place): string[] {
  const { indent, width } = place;
  const header = columnsOf(list, place);
  const rows = list.flatMap((entry) => entryRows(entry, header, place));
  const titles = header.map(({ title }) => title);
  const more = lengthOf(list, place) - list.length;
  const rest = `${" ".repeat(indent)}… and ${grouped(more)} more`;
  return [...tableLines(titles, rows, { indent, width }), ...(more > 0 ? [rest] : [])];
}

interface Column {
  readonly title: string;
  readonly path: readonly string[];
  /** Of a list inside the entry: its members are the columns that follow. */
  readonly list?: string;
}

/** Members of all entries in the order they are first met. */
function columnsOf(list: readonly unknown[], place: Place): Column[] {
  const columns = new Map<string, Column>();
  const add = (column: Column) => {
    const key = JSON.stringify([column.list, ...column.path]);
    if (!columns.has(key)) columns.set(key, column);
  };
  for (const entry of list) if (isObject(entry)) addColumns(entry, place, add);
  return [...columns.values()];
}

function addColumns(entry: Json, place: Place, add: (column: Column) => void): void {
  const nested: [string, readonly unknown[]][] = [];
  for (const [name, value] of Object.entries(entry)) {
    if (isHidden(place, name)) continue;
    if (Array.isArray(value) && !isScalar(value)) nested.push([name, value]);
    else if (!isObject(value)) add({ title: plain(name), path: [name] });
    else if (place.format === "verbose") addContainerColumns([name], value, add);
  }
  for (const [name, value] of nested) {
    if (place.format !== "verbose") add({ title: plain(name), path: [name] });
    else for (const column of innerColumns(name, value, place)) add(column);
  }
}

/** Columns of a list inside the entries; what lists are inside that one needs its own `show`. */
function innerColumns(name: string, list: readonly unknown[], place: Place): Column[] {
  return columnsOf(list, below(place, name))
    .filter((column) => column.list === undefined)
    .map((column) => ({ ...column, title: `${column.title} (${plain(name)})`, list: name }));
}

function addContainerColumns(
  path: readonly string[],
  object: Json,
  add: (column: Column) => void,
): void {
  for (const [name, value] of Object.entries(object)) {
    const inner = [...path, name];
    if (isObject(value)) addContainerColumns(inner, value, add);
    else add({ title: inner.map(plain).join("."), path: inner });
  }
}

/** One row, or as many as the longest list inside the entry has. */
function entryRows(entry: unknown, columns: readonly Column[], place: Place): string[][] {
  if (!isObject(entry)) return [[scalarText(entry)]];
  const heights = columns.map(({ list }) => (list === undefined ? 1 : heightOf(entry[list])));
  const height = Math.max(1, ...heights);
  return Array.from({ length: height }, (_, row) =>
    columns.map(({ list, path }) => {
      if (list === undefined) return row === 0 ? cellText(valueAt(entry, path), place) : "";
      const inner = entry[list];
      return Array.isArray(inner) ? cellText(valueAt(inner[row], path), place) : "";
    }),
  );
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) at = isObject(at) ? at[name] : undefined;
  return at;
}

function cellText(value: unknown, place: Place): string {
  if (value === undefined) return "";
  return isScalar(value) ? scalarText(value) : Array.isArray(value) ? counted(value, place) : "";
}

function heightOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function counted(list: readonly unknown[], place: Place): string {
  const length = lengthOf(list, place);
  return `[${grouped(length)} ${length === 1 ? "item" : "items"}]`;
}

/** `100,000`; the locale's way would cost a tenth of a short command's time. */
function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function lengthOf(list: readonly unknown[], { lengths }: Place): number {
  return lengths?.get(list) ?? list.length;
}

/** `[null]` is how RFC 7951 writes an empty leaf; other arrays of scalars are leaf-lists. */
function isScalar(value: unknown): boolean {
  return Array.isArray(value)
    ? value.every((one) => !isComposite(one)) && value.length > 0
    : !isObject(value);
}

function scalarText(value: unknown): string {
  return printable(rawText(value));
}

/** Control characters in a value must not reach the terminal: they move the cursor, or lie. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function rawText(value: unknown): string {
  if (Array.isArray(value))
    return value.map((one) => (one === null ? "set" : String(one))).join(", ");
  return String(value ?? "");
}

function isComposite(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isObject(value: unknown): value is Json {
  return isComposite(value) && !Array.isArray(value);
}

function isHidden({ hidden, at }: Place, name: string): boolean {
  return hidden.includes(at + plain(name));
}

function below(place: Place, name: string): Place {
  return { ...place, indent: place.indent + 1, at: `${place.at}${plain(name)}.` };
}

/** Without the module, which RFC 7951 writes only where it changes. */
function plain(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
