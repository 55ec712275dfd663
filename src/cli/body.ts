import { membersOf } from "../datamodel/schema/members.ts";
import type { DataSchema, ListSchema, ParentSchema } from "../datamodel/schema/schema.ts";
import { memberOf, setMember } from "../lib/json.ts";
import type { Command } from "./command-line.ts";
import { isSettable } from "./leaf-help.ts";
import { leafJson, lenientJson } from "./leaf-text.ts";
import { suggestion, UsageError } from "./usage-error.ts";
import { coreJson, PlainScalar } from "./yaml-text.ts";

/** RFC 7951 JSON of a container, list entry or the input of an action. */
export interface Body {
  [member: string]: unknown;
}

/** Makes the body that `k=v` words describe; `a.b=1` goes into container a. @throws UsageError */
export function bodyOf(
  parent: ParentSchema,
  parameters: ReadonlyMap<string, string>,
  command?: Command,
): Body {
  const body: Body = {};
  for (const [name, text] of parameters) setParameter(parent, body, { name, text, command });
  return body;
}

interface Parameter {
  readonly name: string;
  readonly text: string;
  /** What it is given to. */
  readonly command: Command | undefined;
}

function setParameter(parent: ParentSchema, body: Body, parameter: Parameter): void {
  const { name } = parameter;
  const child = parent.childByName.get(name);
  if (child?.kind === "leaf" || child?.kind === "leaf-list") {
    refuseState(child);
    setMember(body, child.jsonName, leafJson(child, parameter.text));
    return;
  }
  const [, first = name, rest] = /^([^.]*)\.(.*)$/.exec(name) ?? [];
  const container = parent.childByName.get(first);
  if (rest === undefined || container?.kind !== "container") throw noLeaf(parent, parameter, child);
  refuseState(container);
  const inner = (memberOf(body, container.jsonName) ?? {}) as Body;
  setMember(body, container.jsonName, inner);
  setParameter(container, inner, { ...parameter, name: rest });
}

function refuseState(schema: DataSchema): void {
  if (!schema.config) throw new UsageError(`${schema.name} is state and cannot be set`);
}

function noLeaf(
  parent: ParentSchema,
  { name, command }: Parameter,
  child: DataSchema | undefined,
): UsageError {
  if (child) {
    return new UsageError(`${name} is a ${child.kind}; give its path as words, or a body as input`);
  }
  const leaves = parameterNames(parent, command);
  const known =
    leaves.length === 0 ? "; there is nothing to set" : `; there is ${leaves.join(", ")}`;
  return new UsageError(`unknown parameter ${name}${suggestion(name, leaves) || known}`);
}

/** Leaves that may be given as `name=value`, those of containers below with dots. */
function parameterNames(parent: ParentSchema, command: Command | undefined, prefix = ""): string[] {
  return parent.children.flatMap((child) => {
    if (child.kind === "container") {
      return parameterNames(child, command, `${prefix}${child.name}.`);
    }
    if (child.kind !== "leaf" && child.kind !== "leaf-list") return [];
    return isSettable(child, command) ? [prefix + child.name] : [];
  });
}

/**
 * A body from a file, made to fit the model: scalars typed by their leaves, names of enums in any
 * case, and state left out, so that what `show -json` printed can be read back.
 */
export function fitBody(parent: ParentSchema, json: unknown): unknown {
  if (!isBody(json)) return coreJson(json);
  const members = membersOf(parent);
  const fitted: Body = {};
  for (const [name, value] of Object.entries(json)) {
    const child = members.get(name) ?? parent.childByName.get(name);
    if (child === undefined) setMember(fitted, name, coreJson(value));
    else if (child.config) setMember(fitted, child.jsonName, fitValue(child, value));
  }
  return fitted;
}

function fitValue(schema: DataSchema, json: unknown): unknown {
  if (schema.kind === "leaf" || schema.kind === "leaf-list") return lenientJson(schema, json);
  if (schema.kind === "anydata") return coreJson(json);
  if (schema.kind === "list" && Array.isArray(json)) {
    return json.map((entry) => fitBody(schema, entry));
  }
  return fitBody(schema, json);
}

/**
 * The entries in a body for a list: an array, one entry, or either below the name of the list as
 * RFC 7951 files have it. @throws UsageError
 */
export function entriesOf(list: ListSchema, json: unknown): Body[] {
  const wrapped = isBody(json)
    ? (memberOf(json, list.jsonName) ?? memberOf(json, list.name) ?? json)
    : json;
  const entries = Array.isArray(wrapped) ? wrapped : [wrapped];
  if (entries.length === 0) throw new UsageError(`the body has no entry of ${list.name}`);
  return entries.map((entry, index) => {
    if (isBody(entry)) return entry;
    throw new UsageError(`entry ${index + 1} of ${list.name} is not an object`);
  });
}

/** An object, alone or below its own name. @throws UsageError */
export function objectOf(schema: DataSchema, json: unknown): Body {
  const wrapped = isBody(json) ? (memberOf(json, schema.jsonName) ?? json) : json;
  const [only, ...more] = Array.isArray(wrapped) ? wrapped : [wrapped];
  if (more.length === 0 && isBody(only)) return only;
  throw new UsageError(`the body of ${schema.name} is not one object`);
}

export function isBody(json: unknown): json is Body {
  if (json instanceof PlainScalar) return false;
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
