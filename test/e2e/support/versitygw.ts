import path from "node:path";
import { createEnsure } from "../../../artifacts/ensure.ts";
import { buildFromModules } from "../../../artifacts/gomodule.ts";
import { Reachability } from "../../../artifacts/http.ts";
import type { ArtifactGroup } from "../../../artifacts/table.ts";

/** An S3 server for tests alone: it stores to disk, keeps versions, and checks signatures and policies. */
const versitygw: ArtifactGroup = {
  name: "versitygw",
  moduleDir: path.join(import.meta.dirname, "../../go/versitygw"),
  version: "1.8.0",
  artifacts: [{ name: "versitygw", package: "github.com/versity/versitygw/cmd/versitygw", versionArgs: ["--version"] }],
  ldflags: (version) => [`-X main.Version=v${version}`],
  modules: (version) => ({ "github.com/versity/versitygw": `v${version}` }),
};

const ensure = createEnsure({ groups: [versitygw], reachability: new Reachability(), build: buildFromModules });

/** Path of the server, from the cache of artifacts; built once, which takes some minutes. */
export async function versitygwBinary(): Promise<string> {
  const { name, version } = versitygw;
  const found = await ensure([{ name, version }], {
    onProgress: (line) => {
      console.log(`      ${line}`);
    },
  });
  return found.get(name) ?? name;
}
