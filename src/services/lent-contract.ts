import * as codec from "../lib/codec.ts";
import * as service from "./author.ts";
import { contractSymbol } from "./manifest.ts";

/**
 * Lends the daemon's own contract to services that are loaded from outside: a class, such as that
 * of errors or lists, is only known to whoever has the same one. What `yangplane-gen` puts in place
 * of `yangplane/service` and `yangplane/codec` takes it from here.
 */
export function lendContract(): void {
  Object.defineProperty(globalThis, Symbol.for(contractSymbol), {
    value: { service, codec },
    configurable: true,
  });
}
