import assert from "node:assert/strict";
import { keptData } from "../../../../cli/operations/kept-data.ts";

describe("data kept aside by hosts", () => {
  it("is found in what hosts print, once", () => {
    const urn = "urn:pulumi:lab::plinth::plinth:host:Host$command:remote:Command::cp1-claim";
    const say = (message: string) => ({ urn, severity: "info" as const, message });
    const line = '{"released":true,"host":"cp1","kept":["/var/lib/plinth-kept/lab-1234/var_lib_etcd"]}';
    const unnamed = '{"kept":["/var/lib/plinth-kept/other"]}';
    assert.deepEqual(
      keptData([say(`stopping\n${line}`), say(line), say(unnamed), say("{not json"), say("{}")], ["cp1"]),
      [
        { host: "cp1", path: "/var/lib/plinth-kept/lab-1234/var_lib_etcd" },
        { host: "cp1", path: "/var/lib/plinth-kept/other" },
      ],
    );
  });
});
