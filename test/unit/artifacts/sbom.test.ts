import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { recordFile, store } from "../../../artifacts/cache.ts";
import { listSupply } from "../../../artifacts/inventory.ts";
import { ownPlatform } from "../../../artifacts/platform.ts";
import { makeSbom, type SbomItem } from "../../../artifacts/sbom.ts";
import { Cleanup, goExecutable, sha256 } from "./support.ts";

interface Document {
  metadata: { timestamp?: string };
  components: { "bom-ref": string; name: string; purl?: string; hashes?: { alg: string; content: string }[] }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

const bbolt = { path: "go.etcd.io/bbolt", version: "v1.4.3", sum: "h1:AAAA" };
const module = "pkg:golang/go.etcd.io/bbolt@v1.4.3";

describe("the bill of materials", () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.clean());

  /** A cache with etcd built here, kubelet downloaded, and an image of CoreDNS. */
  async function supply(): Promise<SbomItem[]> {
    const cacheDir = await cleanup.folder();
    const platform = ownPlatform();
    const executable = goExecutable("go1.26.8", `dep\t${bbolt.path}\t${bbolt.version}\t${bbolt.sum}\n`);
    const put = async (name: string, version: string, content: Buffer, source: string): Promise<void> => {
      await writeFile(join(cacheDir, "put"), content);
      await store(cacheDir, { name, version, platform }, join(cacheDir, "put"), source);
    };
    await put(
      "etcd",
      "3.6.14",
      executable,
      "Go package go.etcd.io/etcd/server/v3, version 3.6.14, built with go 1.26.8",
    );
    await put("kubelet", "1.36.3", Buffer.from("kubelet"), "https://example.com/kubelet");
    await put("coredns", "1.15.0", executable, "https://example.com/coredns.tgz");
    await mkdir(join(cacheDir, "images"));
    await writeFile(join(cacheDir, "images", "coredns.tar"), "archive");
    await recordFile(join(cacheDir, "images", "coredns.tar"), "image coredns");
    return await listSupply(cacheDir, {
      refs: [
        { name: "etcd", version: "3.6.14" },
        { name: "kubelet", version: "1.36.3" },
      ],
      images: ["coredns"],
      scripts: [{ name: "apply", sha256: "a".repeat(64) }],
    });
  }

  it("is a valid CycloneDX document", async () => {
    for (const timestamp of [undefined, new Date(0)]) {
      const text = makeSbom({ stack: "lab", version: "0.1.0", timestamp }, await supply());
      assert.equal(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text), null);
      assert.equal((JSON.parse(text) as Document).metadata.timestamp, timestamp?.toISOString());
    }
  });

  it("names every file with its digest, where it comes from, and the modules in it", async () => {
    const { components, dependencies } = JSON.parse(
      makeSbom({ stack: "lab", version: "0.1.0" }, await supply()),
    ) as Document;
    const of = (ref: string) => components.find((component) => component["bom-ref"] === ref);
    const needs = (ref: string) => dependencies.find((dependency) => dependency.ref === ref)?.dependsOn;
    const etcd = `etcd/3.6.14/${ownPlatform()}/etcd`;
    const kubelet = `kubelet/1.36.3/${ownPlatform()}/kubelet`;
    const coredns = `coredns/1.15.0/${ownPlatform()}/coredns`;
    const script = `scripts/apply/${"a".repeat(64)}`;
    assert.deepEqual(components.map((component) => component["bom-ref"]).sort(), [
      ...[coredns, etcd, "images/coredns.tar", kubelet, module, script].sort(),
    ]);
    assert.equal(of(etcd)?.purl, "pkg:golang/go.etcd.io/etcd/server/v3@v3.6.14");
    assert.equal(of(kubelet)?.purl, "pkg:generic/kubelet@1.36.3?download_url=https%3A%2F%2Fexample.com%2Fkubelet");
    assert.deepEqual(of(kubelet)?.hashes, [{ alg: "SHA-256", content: sha256("kubelet") }]);
    assert.deepEqual(of(script)?.hashes, [{ alg: "SHA-256", content: "a".repeat(64) }]);
    assert.deepEqual(needs(etcd), [module]);
    assert.deepEqual(needs("images/coredns.tar"), [coredns]);
    assert.deepEqual(needs("stack:lab")?.length, 5);
  });

  it("does not depend on the order in which files are listed", async () => {
    const items = await supply();
    const subject = { stack: "lab", version: "0.1.0" };
    assert.equal(makeSbom(subject, items), makeSbom(subject, [...items].reverse()));
  });

  it("is refused where something is not there", async () => {
    const cacheDir = await cleanup.folder();
    const refs = [{ name: "etcd", version: "3.6.14" }];
    await assert.rejects(
      listSupply(cacheDir, { refs, images: [], scripts: [] }),
      /^ArtifactError: etcd 3\.6\.14 is not in/,
    );
    await assert.rejects(listSupply(cacheDir, { refs: [], images: ["web"], scripts: [] }), /The image web is not in/);
  });
});
