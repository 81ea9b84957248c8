import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { instanceId, instanceName, LabPaths } from "../../../lab/paths.ts";

describe("lab: places", () => {
  it("tells two project directories apart, and one from itself by any spelling not", () => {
    assert.match(instanceId("/srv/a"), /^[0-9a-f]{8}$/);
    assert.notEqual(instanceId("/srv/a"), instanceId("/srv/b"));
    assert.equal(instanceId("/srv/a"), instanceId("/srv/x/../a/"));
    assert.equal(instanceName("/srv/a"), `plinth-${instanceId("/srv/a")}`);
  });

  it("keeps keys and images in common and disks apart", () => {
    const environment = { XDG_STATE_HOME: "/s", XDG_CACHE_HOME: "/c" };
    const [a, b] = [new LabPaths("/srv/a", environment), new LabPaths("/srv/b", environment)];
    assert.equal(a.ssh, "/s/plinth/lab/ssh");
    assert.equal(a.ssh, b.ssh);
    assert.equal(a.cache, "/c/plinth/lab");
    assert.equal(a.host("cp1"), `/s/plinth/lab/${instanceId("/srv/a")}/hosts/cp1`);
    assert.notEqual(a.instance, b.instance);
  });

  it("falls back to the home directory for an unset, empty or relative variable", () => {
    for (const value of [undefined, "", "relative"]) {
      const paths = new LabPaths("/srv/a", { XDG_STATE_HOME: value, XDG_CACHE_HOME: value });
      assert.equal(paths.ssh, join(homedir(), ".local/state/plinth/lab/ssh"));
      assert.equal(paths.cache, join(homedir(), ".cache/plinth/lab"));
    }
  });
});
