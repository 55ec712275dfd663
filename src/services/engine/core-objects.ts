import type { ObjectLayout } from "../../dataplane/layout.ts";
import { entryObject } from "../../gen/bpf/entry.ts";
import { recirculationObject } from "../../gen/bpf/recirculation.ts";

/** Objects that the engine loads for itself, whatever the services. */
export const coreObjects: readonly ObjectLayout[] = [entryObject, recirculationObject];
