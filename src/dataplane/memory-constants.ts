import type { ObjectRequest } from "./dataplane.ts";
import type { ObjectLayout } from "./layout.ts";
import type { Refuse } from "./memory-map.ts";

/** Refuses constants that the object does not have, or that have another size there. */
export function checkConstants(layout: ObjectLayout, request: ObjectRequest, refuse: Refuse): void {
  const constants = Object.values(layout.constants);
  for (const [name, bytes] of Object.entries(request.constants)) {
    const known = constants.find((constant) => constant.name === name);
    const { size } = known?.value ?? refuse("ENOENT", `no constant ${name}`);
    if (bytes.length !== size) {
      refuse("EINVAL", `constant ${name} has ${bytes.length} bytes, not ${size}`);
    }
  }
}
