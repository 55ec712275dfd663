import { type Edit, isDeletion, type View } from "../../datamodel/datastore/datastore.ts";
import { nodeAt } from "../../datamodel/tree/diff.ts";
import type { DataValue } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import { cubeAt, type LiveCubeParts } from "./live-cube.ts";
import { pathBelowCube } from "./node-ref.ts";
import { draftState } from "./state-draft.ts";
import { bothWorks, noWork, type StateWork } from "./state-work.ts";

export interface ForgettingParts extends LiveCubeParts {
  readonly read: (path: InstancePath, view: View) => DataValue | undefined;
}

/**
 * Takes the deletions of nodes that only state has (learned entries) out of the edits: they are
 * no change of configuration, but of the state maps.
 */
export function splitForgets(
  parts: ForgettingParts,
  edits: readonly Edit[],
): { readonly rest: readonly Edit[]; readonly work: StateWork } {
  const known = forgets(parts, edits).filter(({ path }) => {
    return parts.read(path, "operational") !== undefined;
  });
  if (known.length === 0) return { rest: edits, work: noWork };
  const taken = new Set(known);
  return {
    rest: edits.filter((edit) => !taken.has(edit)),
    work: known.map(({ path }) => forget(parts, path)).reduce(bothWorks, noWork),
  };
}

/** Deletions of what is not configured and was not written by an edit before. */
function forgets(parts: ForgettingParts, edits: readonly Edit[]): Edit[] {
  const root = parts.root();
  const candidates = edits.filter((edit) => {
    const { path } = edit;
    if (!isDeletion(edit)) return false;
    return nodeAt(root, path) === undefined && forgetter(parts, path) !== undefined;
  });
  // A bulk load has none, and need not print its paths.
  if (candidates.length === 0) return [];
  const deletions = new Set(candidates);
  const lists = new Set(candidates.map(({ path }) => path.at(-1)?.schema));
  const written = new Set<string>();
  return edits.filter((edit) => {
    if (!lists.has(edit.path.at(-1)?.schema)) return false;
    const text = printPath(edit.path);
    const isNew = !written.has(text);
    written.add(text);
    return isNew && deletions.has(edit);
  });
}

function forgetter(parts: ForgettingParts, path: InstancePath) {
  const cube = path.length > 1 && path.at(-1)?.keys ? cubeAt(parts, path) : undefined;
  const call = cube?.service.forget?.[pathBelowCube(path)];
  return cube && call && { cube, call };
}

function forget(parts: ForgettingParts, path: InstancePath): StateWork {
  const keys = path.at(-1)?.keys;
  const found = forgetter(parts, path);
  if (found === undefined || keys === undefined) return noWork;
  const { cube, call } = found;
  const draft = draftState(cube.runtime, cube.reader, printPath(path));
  return call(keys, draft.reader) ? { steps: draft.steps(), changed: [path] } : noWork;
}
