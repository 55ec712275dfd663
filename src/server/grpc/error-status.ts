import { Metadata, status } from "@grpc/grpc-js";
import type { Violation } from "../../datamodel/error.ts";
import { type Refusal, refusalOf } from "../status.ts";
import type { MessageEncoder } from "./encode.ts";

/** What grpc-js sends as status and trailers. */
export interface GrpcStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Many clients take 8 KiB of headers: 6 KiB of details (base64 of 4.5), and the message. */
const detailsMax = 4.5 * 1024;
const messageMax = 1024;

/** The status of an error with its details; an unexpected error says nothing of our inside. */
export function grpcStatus(error: unknown, encoder: MessageEncoder): GrpcStatus {
  const refusal = refusalOf(error) ?? internal;
  return refusalStatus(refusal, encoder);
}

const internal: Refusal = {
  status: "INTERNAL",
  message: "internal error",
  violations: [],
  total: 0,
};

function refusalStatus(refusal: Refusal, encoder: MessageEncoder): GrpcStatus {
  const code = status[refusal.status];
  const details = headerText(refusal.message);
  const metadata = new Metadata();
  if (refusal.violations.length > 0) {
    const { violations, total } = refusal;
    const packed = packDetails({ code, details, violations, total }, encoder);
    metadata.set("grpc-status-details-bin", packed);
  }
  return { code, details, metadata };
}

/**
 * What grpc-js can send as a message: it escapes each byte outside ASCII, and throws where nobody
 * catches if it finds half of a character.
 */
function headerText(message: string): string {
  const wellFormed = Buffer.from(message.slice(0, messageMax)).toString();
  let text = "";
  let size = 0;
  for (const character of wellFormed) {
    size += encodeURI(character).length;
    if (size > messageMax) return text;
    text += character;
  }
  return text;
}

interface Details {
  readonly code: status;
  readonly details: string;
  readonly violations: readonly Violation[];
  readonly total: number;
}

/**
 * As many violations as fit, found by halving: each has its own size. The first always does, if
 * need be cut.
 */
function packDetails(whole: Details, encoder: MessageEncoder): Buffer {
  const told = whole.violations.slice(0, toldMax).map(cutViolation);
  const parts = { ...whole, violations: told };
  let fits = 1;
  let tooMany = told.length + 1;
  while (tooMany - fits > 1) {
    const count = (fits + tooMany) >> 1;
    if (packed(parts, count, encoder).length <= detailsMax) fits = count;
    else tooMany = count;
  }
  return packed(parts, fits, encoder);
}

/** No more than these fit, however short. */
const toldMax = 200;
/** Bytes of a path and of a message: each is sent twice, and both have to fit. */
const textMax = 900;

function cutViolation({ path, message, ...rest }: Violation): Violation {
  return { path: cutText(path), message: cutText(message), ...rest };
}

function cutText(text: string): string {
  if (Buffer.byteLength(text) <= textMax) return text;
  // A character that is cut apart becomes one that says so.
  const kept = Buffer.from(text).subarray(0, textMax).toString();
  return `${kept.replace(/\ufffd+$/, "")}…`;
}

function packed(
  { code, details, violations, total }: Details,
  count: number,
  encoder: MessageEncoder,
): Buffer {
  const some = violations.slice(0, count);
  const badRequest = encoder.encode("google.rpc.BadRequest", {
    field_violations: some.map(({ path, tag, message }) => ({
      field: path,
      reason: tag,
      description: message,
    })),
  });
  const own = encoder.encode("yangplane.core.v1.Violations", {
    violations: some.map(violationMessage),
    total,
  });
  return encoder.encode("google.rpc.Status", {
    code,
    message: details,
    details: [
      { type_url: "type.googleapis.com/google.rpc.BadRequest", value: badRequest },
      { type_url: "type.googleapis.com/yangplane.core.v1.Violations", value: own },
    ],
  });
}

/** A violation as yangplane.core.v1.Violation. */
export function violationMessage({ path, tag, appTag, message }: Violation) {
  return { path, error_tag: tag, error_app_tag: appTag ?? "", message };
}
