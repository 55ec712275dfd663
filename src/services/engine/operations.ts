import type { Edit, View } from "../../datamodel/datastore/datastore.ts";
import { RequestError, refuse } from "../../datamodel/error.ts";
import type { OperationSchema, Schema } from "../../datamodel/schema/schema.ts";
import { nodeAt } from "../../datamodel/tree/diff.ts";
import { type DataObject, type DataValue, emptyObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import {
  createOperationValidator,
  type OperationValidator,
} from "../../datamodel/validate/operation.ts";
import type { Devices } from "../../dataplane/dataplane.ts";
import { assert } from "../../lib/assert.ts";
import type { Discovered } from "../any-service.ts";
import type { NodeRef, OperationResult } from "../operation.ts";
import { hostContext } from "./host-context.ts";
import { cubeAt, type LiveCubeParts } from "./live-cube.ts";
import { keysBelowCube, pathBelowCube, refPath, rootPath } from "./node-ref.ts";
import { withState } from "./operational.ts";
import { editsOf } from "./service-edit.ts";
import { draftState } from "./state-draft.ts";
import { noWork, type StateWork } from "./state-work.ts";

/** An action (`path`: of the node that has it) or an rpc (`path`: []) with its input. */
export interface OperationCall {
  readonly path: InstancePath;
  readonly operation: OperationSchema;
  readonly input: DataObject;
}

/** An operation that its service has answered: what is left is to be done in one commit. */
export interface AnsweredOperation {
  readonly output: DataObject;
  readonly edits: readonly Edit[];
  readonly work: StateWork;
  /** Judges the output by the configuration that the edits result in. */
  readonly check: (root: DataObject) => void;
}

export interface OperationParts extends LiveCubeParts {
  readonly schema: Schema;
  readonly services: readonly Discovered[];
  readonly devices: Devices;
  readonly read: (path: InstancePath, view: View) => DataValue | undefined;
}

/** Actions and rpcs: calls the service that offers one, and changes nothing itself. */
export class Operations {
  readonly #parts: OperationParts;
  readonly #validator: OperationValidator;

  constructor(parts: OperationParts) {
    this.#parts = parts;
    this.#validator = createOperationValidator(parts.schema);
  }

  /** @throws RequestError where there is no such node or operation, or the input is not valid */
  answer(call: OperationCall): AnsweredOperation {
    const root = this.#rootFor(call.path);
    const service = call.path.length === 0 ? this.#rpc(call) : this.#action(call);
    const at = { root, path: call.path };
    const violations = this.#validator.validate(call.operation.input, call.input, at);
    if (violations.length > 0) throw new RequestError(violations);
    const { result, pathOf, work } = service();
    const schema = call.operation.output;
    const output = withState(schema, emptyObject(schema), result.output);
    const changed = [...work.changed, ...(result.changed ?? []).map(pathOf)];
    return {
      output,
      edits: editsOf(this.#parts.schema, result.edits ?? [], pathOf),
      work: { ...work, changed },
      check: (candidate) => this.#checkOutput(call, output, candidate),
    };
  }

  /** The tree in which the node exists: learned entries are in the operational one only. */
  #rootFor(path: InstancePath): DataObject {
    const root = this.#parts.root();
    if (path.length === 0 || nodeAt(root, path) !== undefined) return root;
    if (this.#parts.read(path, "operational") !== undefined)
      return this.#parts.read([], "operational") as DataObject;
    throw refuse("data-missing", printPath(path), "does not exist");
  }

  #action({ path, operation, input }: OperationCall): () => Answer {
    const cube = cubeAt(this.#parts, path);
    const action = cube?.service.actions?.[pathBelowCube(path, operation.name)];
    const name = `${printPath(path)}/${operation.name}`;
    if (cube === undefined || action === undefined) throw notOffered(name);
    const pathOf = (ref: NodeRef) => refPath(cube.list, cube.runtime.name, ref);
    return () => {
      const draft = draftState(cube.runtime, cube.reader, name);
      const result = action(input, draft.reader, keysBelowCube(path));
      return { result, pathOf, work: { steps: draft.steps(), changed: [] } };
    };
  }

  #rpc({ operation, input }: OperationCall): () => Answer {
    const { services, schema } = this.#parts;
    const owner = services.find(({ model }) => model.ir.name === operation.module);
    const rpc = owner?.rpcs?.[operation.name];
    if (rpc === undefined) throw notOffered(operation.path);
    const pathOf = (ref: NodeRef) => rootPath(schema.root, ref);
    return () => {
      const result = rpc(input, hostContext(this.#parts, this.#parts.root()));
      return { result, pathOf, work: noWork };
    };
  }

  #checkOutput({ path, operation }: OperationCall, output: DataObject, root: DataObject): void {
    const [fault] = this.#validator.validate(operation.output, output, { root, path });
    assert(fault === undefined, `output of ${operation.name}: ${fault?.path} ${fault?.message}`);
  }
}

interface Answer {
  readonly result: OperationResult;
  readonly pathOf: (ref: NodeRef) => InstancePath;
  readonly work: StateWork;
}

function notOffered(path: string): RequestError {
  return refuse("operation-not-supported", path, "the service does not offer this operation");
}
