/** A root directory with this machine's programs and real binaries of ours, where the host script runs as on a host, as root. */

import { createHash, generateKeyPairSync } from "node:crypto";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
  lstatSync,
  readlinkSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { ensureArtifacts } from "../../../artifacts/index.ts";
import { hostScript } from "../../../components/host/script.ts";
import { renderBundle, renderSecrets, type Bundle, type SecretSource } from "../../../plan/bundle.ts";
import { renderEncryptionConfig } from "../../../plan/bundles/apiserver.ts";
import { renderBootstrapKubeconfig } from "../../../plan/bundles/kubelet.ts";
import { selfSigned } from "../../support/certificates.ts";
import type { Shell } from "./fake-host.ts";

const asRoot = userInfo().uid === 0 ? [] : ["sudo", "-n"];

/** All units run, and systemd goes no further: what comes after the judges is others' business. */
const systemctl = `#!/bin/sh
if [ "$1" != show ]; then
  echo "systemctl $*" >>/fakes/log
  exit 1
fi
shift 3
for unit in "$@"; do
  printf 'Id=%s\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\nUnitFileState=enabled\\nInvocationID=1\\nType=exec\\nResult=success\\n\\n' "$unit"
done
`;

/** What a program of the distribution is needed for is not tried here. */
const stub = "#!/bin/sh\nexit 0\n";

export class RealRoot {
  readonly root = mkdtempSync(path.join(tmpdir(), "plinth-root-"));
  private readonly pairs = new Map<string, { certificate: string; key: string }>();
  private readonly serviceAccount = generateKeyPairSync("rsa", { modulusLength: 2048 });
  private readonly digests = new Map<string, string>();

  constructor() {
    chmodSync(this.root, 0o755);
    for (const folder of ["etc/systemd/system", "run/lock", "tmp", "proc", "sys", "dev", "opt/plinth/bin", "fakes/bin"])
      mkdirSync(this.path(folder), { recursive: true });
    for (const folder of ["var/lib/plinth/bundles", "var/log", "usr"])
      mkdirSync(this.path(folder), { recursive: true });
    for (const folder of ["bin", "sbin", "lib", "lib64"]) {
      if (lstatSync(`/${folder}`, { throwIfNoEntry: false })?.isSymbolicLink() === true)
        symlinkSync(readlinkSync(`/${folder}`), this.path(folder));
      else mkdirSync(this.path(folder));
    }
    for (const name of ["nsswitch.conf", "ld.so.cache", "alternatives"])
      spawnSync("cp", ["-a", `/etc/${name}`, this.path("etc")]);
    writeFileSync(this.path("fakes/bin/systemctl"), systemctl, { mode: 0o755 });
    writeFileSync(this.path("fakes/plinth-host"), hostScript());
    writeFileSync(
      this.path("var/lib/plinth/claim"),
      "cluster demo\ncluster-id 0123456789abcdef\nhost one\nstack lab\ngeneration 1\nend\n",
    );
  }

  path(file: string): string {
    return path.join(this.root, file);
  }

  /** Users, programs of the distribution and binaries that a bundle counts on. */
  async furnish(bundles: readonly Bundle[]): Promise<void> {
    const names = [...new Set(["root", ...bundles.flatMap(({ users }) => users.map(({ name }) => name))])];
    const lines = names.map((name, index) => [name, name === "root" ? 0 : 900 + index] as const);
    writeFileSync(
      this.path("etc/passwd"),
      lines.map(([name, id]) => `${name}:x:${id}:${id}::/nonexistent:/bin/false\n`).join(""),
    );
    writeFileSync(this.path("etc/group"), lines.map(([name, id]) => `${name}:x:${id}:\n`).join(""));
    for (const { command } of bundles.flatMap(({ packages }) => packages))
      writeFileSync(this.path(`fakes/bin/${path.basename(command)}`), stub, { mode: 0o755 });
    // A unit that runs has its directories.
    for (const { path: folder } of bundles.flatMap(({ directories }) => directories))
      if (folder.startsWith("/var/")) mkdirSync(this.path(folder), { recursive: true });
    const wanted = bundles.flatMap(({ binaries }) => binaries).map(({ name, version }) => ({ name, version }));
    for (const [name, file] of await ensureArtifacts(wanted)) {
      const version = wanted.find((one) => one.name === name)?.version ?? "";
      const sha = createHash("sha256").update(readFileSync(file)).digest("hex");
      this.digests.set(name, sha);
      const folder = this.path(`opt/plinth/${name}/${version}-${sha.slice(0, 12)}`);
      mkdirSync(folder, { recursive: true });
      try {
        linkSync(file, path.join(folder, name));
      } catch {
        copyFileSync(file, path.join(folder, name));
      }
      writeFileSync(path.join(folder, `${name}.sha256`), `${sha} ${statSync(file).size}\n`);
    }
  }

  private pair(name: string): { certificate: string; key: string } {
    const known = this.pairs.get(name) ?? selfSigned("IP:192.0.2.11,DNS:localhost");
    this.pairs.set(name, known);
    return known;
  }

  private contentOf(source: SecretSource): string {
    const of = ({ certificate, key }: { certificate: string; key: string }, part: "certificate" | "key"): string =>
      part === "key" ? key : certificate;
    switch (source.kind) {
      case "leaf":
        return of(this.pair(source.leaf.name), source.part);
      case "authority":
        return of(this.pair(source.authority), source.part);
      case "service-account":
        return source.part === "public"
          ? String(this.serviceAccount.publicKey.export({ type: "spki", format: "pem" }))
          : String(this.serviceAccount.privateKey.export({ type: "pkcs1", format: "pem" }));
      case "encryption-config":
        return renderEncryptionConfig("0123456789abcdef0123456789abcdef");
      case "bootstrap-kubeconfig":
        return renderBootstrapKubeconfig("demo", "https://192.0.2.10:6443", "abcdef.0123456789abcdef");
      default:
        throw new Error(`no test needs a secret of kind ${source.kind}`);
    }
  }

  /** Files of other bundles that one reads. */
  give(bundle: Bundle): void {
    const write = (file: string, content: string): void => {
      mkdirSync(path.dirname(this.path(file)), { recursive: true });
      writeFileSync(this.path(file), content);
    };
    for (const { path: file, content } of bundle.files) write(file, content);
    for (const { path: file, source } of bundle.secrets) write(file, this.contentOf(source));
  }

  /** Applies a bundle by the host script, without what is downloaded and what is asked of a member of etcd. */
  apply(shell: Shell, bundle: Bundle): { code: number | null; stderr: string } {
    const locate = ({ name }: { name?: string }) => ({
      sha256: this.digests.get(name ?? "") ?? "0".repeat(64),
      url: "http://127.0.0.1:9/file",
    });
    const text = renderBundle(
      { ...bundle, downloads: [], requires: [] },
      1,
      locate as Parameters<typeof renderBundle>[2],
    );
    const secrets = renderSecrets(
      bundle.secrets.map(({ path: file, source }) => ({ path: file, content: this.contentOf(source) })),
    );
    const inside = `set -e
mount --bind "$1" "$1"
for folder in usr bin sbin lib lib64; do
  if [ -d "/$folder" ] && [ ! -h "/$folder" ]; then mount --rbind "/$folder" "$1/$folder"; fi
done
mount --rbind /dev "$1/dev"
mount --rbind /sys "$1/sys"
mount -t proc proc "$1/proc"
exec chroot "$1" /usr/bin/env -i PATH=/fakes/bin:/usr/sbin:/usr/bin:/sbin:/bin "$2" /fakes/plinth-host apply`;
    const own = ["--mount", "--pid", "--fork", "--kill-child"];
    const done = spawnSync("env", [...asRoot, "unshare", ...own, "sh", "-c", inside, "sh", this.root, shell], {
      input: text + secrets,
      encoding: "utf8",
    });
    return { code: done.status, stderr: done.stderr };
  }

  /** Every file below a directory. */
  list(folder: string): string[] {
    return readdirSync(this.path(folder), { recursive: true, encoding: "utf8" }).sort();
  }

  remove(): void {
    spawnSync("env", [...asRoot, "rm", "-rf", this.root]);
  }
}
