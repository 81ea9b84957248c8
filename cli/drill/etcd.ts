import { z } from "zod";
import type { Scratch } from "../process/scratch.ts";
import { freePorts, ScratchError } from "../process/scratch.ts";
import { scratchAuthority } from "./certificates.ts";

/** Seconds for a database of 8 GiB on a slow disk. */
const restoreSeconds = 900;
/** Until etcd answers. */
const startSeconds = 120;
/** For a question to it. */
const askSeconds = 120;

const statusSchema = z.tuple([z.object({ Status: z.object({ header: z.object({ revision: z.int().min(1) }) }) })]);
const rangeSchema = z.object({ kvs: z.array(z.object({ value: z.string().optional() })).optional() });

/** An etcd of this machine's own, on loopback, that takes clients with a certificate of its authority only. */
export interface ScratchEtcd {
  url: string;
  /** Files for clients. */
  files: { ca: string; cert: string; key: string };
  /** Of the data as it was restored: what is asked at it stays as it was, whatever is written since. */
  revision: number;
  /** All keys below a prefix, as of {@link revision}. */
  keys: (prefix: string) => Promise<string[]>;
  /** The first value below a prefix, as of {@link revision}; undefined where there is none. */
  firstValue: (prefix: string) => Promise<Buffer | undefined>;
}

/**
 * Restores a snapshot aside and starts an etcd with it.
 *
 * @param binaries paths of etcd, etcdctl and etcdutl.
 */
export async function startEtcd(
  scratch: Scratch,
  binaries: ReadonlyMap<string, string>,
  snapshot: string,
  signal: AbortSignal,
): Promise<ScratchEtcd> {
  const path = (name: string): string => binaries.get(name) ?? name;
  const [clientPort = 0, peerPort = 0] = await freePorts(2);
  const url = `https://127.0.0.1:${clientPort}`;
  const peerUrl = `https://127.0.0.1:${peerPort}`;
  const data = scratch.path("etcd");
  await scratch.run(
    "etcdutl snapshot restore",
    path("etcdutl"),
    // prettier-ignore
    ["snapshot", "restore", snapshot, "--data-dir", data, "--name", "drill", "--initial-cluster", `drill=${peerUrl}`,
      "--initial-advertise-peer-urls", peerUrl],
    { seconds: restoreSeconds, signal },
  );
  const authority = await scratchAuthority(scratch, "etcd");
  const [server, client] = await Promise.all([authority.server("server"), authority.client("client")]);
  scratch.start("etcd", path("etcd"), {
    "data-dir": data,
    name: "drill",
    "initial-cluster": `drill=${peerUrl}`,
    "initial-advertise-peer-urls": peerUrl,
    "listen-peer-urls": peerUrl,
    "listen-client-urls": url,
    "advertise-client-urls": url,
    "client-cert-auth": "true",
    "trusted-ca-file": authority.certFile,
    "cert-file": server.certFile,
    "key-file": server.keyFile,
    "peer-client-cert-auth": "true",
    "peer-trusted-ca-file": authority.certFile,
    "peer-cert-file": server.certFile,
    "peer-key-file": server.keyFile,
    // It holds a copy, for some minutes.
    "unsafe-no-fsync": "true",
    // More than a cluster's: what is restored is written to once more.
    "quota-backend-bytes": String(16 * 2 ** 30),
  });
  const files = { ca: authority.certFile, cert: client.certFile, key: client.keyFile };
  const etcdctl = (...words: string[]): Promise<string> =>
    scratch.run(
      "etcdctl",
      path("etcdctl"),
      // prettier-ignore
      ["--endpoints", url, "--cacert", files.ca, "--cert", files.cert, "--key", files.key, "--dial-timeout", "5s",
        "--command-timeout", `${askSeconds}s`, ...words],
      { seconds: askSeconds + 5, signal },
    );
  const text = await scratch.waitFor(
    "the answer of the restored etcd",
    async () => {
      try {
        return await etcdctl("endpoint", "status", "--command-timeout", "5s", "--write-out", "json");
      } catch (error) {
        scratch.requireAll();
        throw new Error(error instanceof Error ? error.message : String(error), { cause: error });
      }
    },
    { seconds: startSeconds, signal },
  );
  const { revision } = statusSchema.parse(JSON.parse(text))[0].Status.header;
  return {
    url,
    files,
    revision,
    keys: async (prefix) => {
      const list = await etcdctl("get", prefix, "--prefix", "--keys-only", "--rev", String(revision));
      return list.split("\n").filter((key) => key !== "");
    },
    firstValue: async (prefix) => {
      const json = await etcdctl(
        // prettier-ignore
        ...["get", prefix, "--prefix", "--limit", "1", "--rev", String(revision), "--write-out", "json"],
      );
      const parsed = rangeSchema.safeParse(JSON.parse(json));
      if (!parsed.success) throw new ScratchError("the answer of the restored etcd makes no sense");
      const value = parsed.data.kvs?.[0]?.value;
      return value === undefined ? undefined : Buffer.from(value, "base64");
    },
  };
}
