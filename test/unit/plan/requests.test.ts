import assert from "node:assert/strict";
import { noRequests, readRequests, requestEnvironment } from "../../../plan/requests.ts";

describe("plan/requests", () => {
  it("travels by environment, names separated by commas", () => {
    const requests = { lost: ["cp1", "w2"], replace: [], overrides: ["memory"], heal: ["cp1/etcd", "roster"] };
    assert.deepEqual(readRequests(requestEnvironment(requests)), requests);
    assert.deepEqual(readRequests({}), noRequests);
    assert.deepEqual(readRequests({ PLINTH_LOST: " cp1 , ,w2" }).lost, ["cp1", "w2"]);
  });
});
