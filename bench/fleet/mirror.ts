import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";

/** Versions that the bench's configuration asks for; the mirror has these and no others. */
export const mirroredVersions = {
  kubernetesVersion: "1.36.3",
  etcdVersion: "3.6.14",
  containerdVersion: "2.4.2",
  runcVersion: "1.5.2",
  cniVersion: "1.9.1",
  flannelVersion: "0.28.10",
} as const;

const binaries: Readonly<Record<keyof typeof mirroredVersions, readonly string[]>> = {
  kubernetesVersion: [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
    "kubelet",
    "kube-proxy",
  ],
  etcdVersion: ["etcd", "etcdctl", "etcdutl"],
  containerdVersion: ["containerd", "containerd-shim-runc-v2", "ctr"],
  runcVersion: ["runc"],
  cniVersion: ["bridge", "host-local", "loopback", "portmap"],
  flannelVersion: ["flanneld"],
};

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A script that hosts fetch by its digest. */
export interface MirroredScript {
  name: string;
  sha256: string;
}

/** `SHA256SUMS` of a mirror with these files. Nobody fetches the binaries, so that any digest does. */
export function checksums(scripts: readonly MirroredScript[]): string {
  const paths = Object.entries(mirroredVersions).flatMap(([key, version]) =>
    binaries[key as keyof typeof mirroredVersions].map((name) => `${name}/${version}/linux-amd64/${name}`),
  );
  return [
    ...paths.map((path) => `${digest(path)}  ${path}\n`),
    ...scripts.map(({ name, sha256 }) => `${sha256}  scripts/${name}/${sha256}\n`),
  ].join("");
}

/** Answers like a mirror of artifacts: the checksums, and something under every other path. */
export class Mirror {
  /** Scripts of the release that is measured. */
  scripts: readonly MirroredScript[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.end(request.url === "/SHA256SUMS" ? checksums(this.scripts) : "simulated\n");
    });
  }

  static async start(address: string, port: number): Promise<Mirror> {
    const mirror = new Mirror();
    mirror.#server.listen(port, address);
    await once(mirror.#server, "listening");
    return mirror;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
