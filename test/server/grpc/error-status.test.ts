import assert from "node:assert/strict";
import type { Metadata } from "@grpc/grpc-js";
import { type ErrorTag, RequestError } from "../../../src/datamodel/error.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { Api } from "../../../src/server/grpc/api.ts";
import { grpcStatus } from "../../../src/server/grpc/error-status.ts";
import { loadTypes } from "../../support/api-client.ts";
import { MemoryDatastore } from "../../support/datastore.ts";
import { bridge } from "./models.ts";

const { encoder } = new Api({
  datastore: new MemoryDatastore(linkSchema([bridge])),
  locks: new Map(),
  log: () => undefined,
  limits: { transactionBytes: 0, openTransactionBytes: 0 },
});

/** Bytes of the trailers as HTTP/2 counts them (RFC 9113 §6.5.2). */
function trailersSize(error: unknown): number {
  const { details, metadata } = grpcStatus(error, encoder);
  const [packed] = metadata.get("grpc-status-details-bin") as Buffer[];
  const fields: readonly (readonly [string, string])[] = [
    ["grpc-status", "3"],
    ["grpc-message", encodeURI(details)],
    ["grpc-status-details-bin", (packed ?? Buffer.alloc(0)).toString("base64")],
    ["content-type", "application/grpc+proto"],
    ["date", "Wed, 25 Nov 2026 04:34:08 GMT"],
  ];
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

const types = loadTypes(["google/rpc/error_details.proto"]);

function read(type: string, bytes: Uint8Array): Record<string, unknown> {
  return types.lookupType(type).toObject(types.lookupType(type).decode(bytes));
}

/** Each detail's type and content. */
function told(metadata: Metadata): (readonly [string, Record<string, unknown>])[] {
  const [packed] = metadata.get("grpc-status-details-bin") as Buffer[];
  const { details } = read("google.rpc.Status", packed ?? Buffer.alloc(0));
  return (details as { type_url: string; value: Uint8Array }[]).map(({ type_url: url, value }) => [
    url,
    read(url.replace("type.googleapis.com/", ""), value),
  ]);
}

function ours(metadata: Metadata) {
  const [, violations] = told(metadata).find(([url]) => url.endsWith("Violations")) ?? [];
  return violations as { violations?: { path: string; message: string }[]; total: number };
}

describe("the status of a refusal", () => {
  const tag: ErrorTag = "operation-failed";
  const cases = [
    { title: "one violation", violations: [{ path: "/x", tag, message: "no" }] },
    {
      title: "thousands of violations",
      violations: Array.from({ length: 5000 }, (_, index) => ({
        path: `/bridge:bridge[name='br${index}']/ports[name='p1']/mode`,
        tag,
        message: "not possible here",
      })),
    },
    {
      title: "long messages",
      violations: Array.from({ length: 9 }, () => ({ path: "/x", tag, message: "y".repeat(900) })),
    },
    {
      title: "messages in another script",
      violations: [{ path: "/x", tag, message: "接口".repeat(3000) }],
    },
  ];
  for (const { title, violations } of cases) {
    it(`with ${title} fits the 8 KiB of headers that clients take`, () => {
      const size = trailersSize(new RequestError(violations));

      assert(size <= 8192, `${size} bytes`);
    });
  }

  it("keeps a violation that alone is too long, cut, and says how many there were", () => {
    const long = { path: `/x[y='${"z".repeat(9_000)}']`, tag, message: "接口".repeat(3000) };

    const { metadata } = grpcStatus(new RequestError([long, long, long], { total: 99 }), encoder);

    const { violations = [], total } = ours(metadata);
    assert.equal(violations.length, 1);
    assert.match(violations[0]?.path ?? "", /^\/x\[y='z+…$/);
    assert.match(violations[0]?.message ?? "", /^[接口]+…$/);
    assert.equal(total, 99);
  });

  it("has the reasons in Google's form and in ours", () => {
    const violation = { path: "/x", tag, appTag: "must-violation", message: "no" };

    const { metadata } = grpcStatus(new RequestError([violation]), encoder);

    const own = { path: "/x", errorTag: tag, errorAppTag: "must-violation", message: "no" };
    assert.deepEqual(told(metadata), [
      [
        "type.googleapis.com/google.rpc.BadRequest",
        { fieldViolations: [{ field: "/x", reason: tag, description: "no" }] },
      ],
      ["type.googleapis.com/yangplane.core.v1.Violations", { violations: [own], total: 1 }],
    ]);
  });

  const halves = { "cut short": "\u{1f310}".repeat(2000), "that JSON brought": '"\ud83c"' };
  for (const [title, message] of Object.entries(halves)) {
    it(`of a text ${title} has no half of a character`, () => {
      const { details } = grpcStatus(new RequestError([{ path: "/xy", tag, message }]), encoder);

      assert.doesNotThrow(() => encodeURI(details));
    });
  }
});
