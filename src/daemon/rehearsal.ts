import { isDeepStrictEqual } from "node:util";
import { nameTaken } from "../datamodel/schema/extension.ts";
import { linkSchema, type Schema } from "../datamodel/schema/schema.ts";
import { createValidator } from "../datamodel/validate/validator.ts";
import { coreWords } from "../lib/core-words.ts";
import { descriptors } from "../server/grpc/descriptors.ts";
import type { Lock } from "../server/grpc/lock.ts";
import { parseLock } from "../server/grpc/lock-text.ts";
import { type BuiltService, ServiceFolderError } from "../services/service-folder.ts";

/**
 * Does with a model all that is done when it is loaded, on a schema of its own: what does not throw
 * here does not fail half-way. Gives the lock that the service was built with.
 * @throws ServiceFolderError
 */
export function rehearse(schema: Schema, built: BuiltService): Lock {
  const { name, folder } = built;
  try {
    return rehearsed(schema, built);
  } catch (cause) {
    if (cause instanceof ServiceFolderError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceFolderError(folder, `the model of ${name}: ${reason}`, { cause });
  }
}

function rehearsed(schema: Schema, { name, folder, service, lock }: BuiltService): Lock {
  const { ir } = service.model;
  const taken = coreWords.has(name) ? `command ${name}` : nameTaken(schema, ir);
  if (taken) {
    const message = `service ${name}: there is a ${taken} already`;
    throw new ServiceFolderError(folder, message, { tag: "data-exists" });
  }
  const trial = linkSchema([...schema.modules.values(), ir]);
  createValidator(trial);
  const promised = parseLock(lock);
  if (isDeepStrictEqual(descriptors(trial, name, promised).lock, promised)) return promised;
  throw new ServiceFolderError(folder, `${name}.lock.json is that of another model: build it anew`);
}
