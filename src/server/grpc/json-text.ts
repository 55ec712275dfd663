import type { Place } from "../../datamodel/codec/findings.ts";
import { RequestError, refuse } from "../../datamodel/error.ts";
import { DuplicateMemberError, parseJson } from "../../lib/json.ts";

/**
 * Parses what a client gives as JSON: `what` it is, of the node at `place`. What is wrong with
 * members has the path of each. @throws RequestError
 */
export function readJson(text: string, what: string, place: Place): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw givenTwice(error, place());
    // RangeError: nested deeper than the parser's stack.
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    throw refuse("malformed-message", place(), `the ${what} is not JSON: ${error.message}`);
  }
}

function givenTwice({ places }: DuplicateMemberError, path: string): RequestError {
  return new RequestError(
    places.map((place) => ({
      path: path + place,
      tag: "bad-element",
      message: "is given twice",
    })),
  );
}
