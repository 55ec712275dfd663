import assert from "node:assert/strict";
import { awaitGracePeriod, isOffered } from "../../src/dataplane/grace-period.ts";

describe("the wait for a grace period", () => {
  it("is what the kernel does where it says that it offers it", function () {
    if (!isOffered()) this.skip();

    assert.doesNotThrow(awaitGracePeriod);
  });
});
