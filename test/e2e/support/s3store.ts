import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { defaultVersions, ensureArtifacts } from "../../../artifacts/index.ts";
import { selfSigned } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { versitygwBinary } from "./versitygw.ts";

const bucket = "backups";
const prefix = "clusters/lab";
const region = "us-east-1";
const port = 7070;

interface Keys {
  accessKey: string;
  secretKey: string;
}
const members: Keys = { accessKey: "members", secretKey: "members-own-secret-key" };
const operators: Keys = { accessKey: "operators", secretKey: "operators-own-secret-key" };

/** The policy of docs/backup.md, for one who is no administrator of the store. */
export const memberPolicy = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketLocation"], Resource: `arn:aws:s3:::${bucket}` },
    { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: `arn:aws:s3:::${bucket}/${prefix}/*` },
    { Effect: "Allow", Action: "s3:DeleteObject", Resource: `arn:aws:s3:::${bucket}/${prefix}/locks/*` },
  ].map((statement) => ({ ...statement, Principal: { AWS: [members.accessKey] } })),
};

interface Answer {
  status: number;
  text: string;
}

/** Arguments of curl (7.75 or later, which signs by itself) for a request of S3. */
export function signed(method: string, { accessKey, secretKey }: Keys): string[] {
  return [
    ...["-sS", "--max-time", "20", "--request", method],
    ...["--aws-sigv4", `aws:amz:${region}:s3`, "--user", `${accessKey}:${secretKey}`],
    ...["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"],
  ];
}

/** A real S3 server on this machine, with a bucket that keeps versions, members who may add and operators who may do all. */
export class S3Store {
  readonly members = members;
  readonly operators = operators;
  readonly prefix = prefix;
  /** What it keeps; here, so that a test can look. */
  readonly folder: string;
  readonly #address: string;
  readonly #enter: readonly string[];
  readonly #program: string;
  readonly #certificate: string;
  #server: ChildProcess | undefined;

  private constructor(address: string, enter: readonly string[], program: string) {
    this.#address = address;
    this.#enter = enter;
    this.#program = program;
    this.folder = mkdtempSync(path.join(tmpdir(), "plinth-s3-"));
    for (const name of ["data", "data-versions", "meta", "users"]) mkdirSync(path.join(this.folder, name));
    const { certificate, key } = selfSigned(`IP:${address}`);
    this.#certificate = certificate;
    writeFileSync(this.#file("crt"), certificate);
    writeFileSync(this.#file("key"), key, { mode: 0o600 });
  }

  /**
   * Starts one with an empty bucket.
   *
   * @param address where it listens. @param enter prefix of a command that is to run where that address is.
   */
  static async create(address: string, enter: readonly string[] = []): Promise<S3Store> {
    const store = new S3Store(address, enter, await versitygwBinary());
    try {
      await store.start();
      const { accessKey, secretKey } = members;
      const admin = ["--allow-insecure", "--endpoint-url", store.url];
      const login = ["admin", "--access", operators.accessKey, "--secret", operators.secretKey, ...admin];
      await store.#run([store.#program, ...login, "create-user", "-a", accessKey, "-s", secretKey, "-r", "user"]);
      await store.expect("PUT", "");
      await store.expect(
        "PUT",
        "?versioning=",
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
      );
      await store.expect("PUT", "?policy=", JSON.stringify(memberPolicy));
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  #file(name: string): string {
    return path.join(this.folder, name);
  }

  get url(): string {
    return `https://${this.#address}:${port}`;
  }

  /** As `plinth:backup` has it. */
  get target() {
    return {
      name: "store",
      s3: { endpoint: this.url, bucket, prefix, authority: this.#certificate, members, operators },
    };
  }

  async start(): Promise<void> {
    const root = ["--access", operators.accessKey, "--secret", operators.secretKey];
    const listen = ["--port", `${this.#address}:${port}`, "--cert", this.#file("crt"), "--key", this.#file("key")];
    const storage = ["posix", "--sidecar", this.#file("meta"), "--versioning-dir", this.#file("data-versions")];
    const words = [...this.#enter, this.#program, ...root, ...listen, "--quiet", "--iam-dir", this.#file("users")];
    const [command, ...args] = [...words, ...storage, this.#file("data")];
    const server = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    server.stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2000)));
    this.#server = server;
    await eventually("the S3 server answers", 30, async () => {
      if (server.exitCode !== null) throw new Error(`the S3 server has ended: ${said}`);
      return (await this.ask("GET", "?location=").catch(() => undefined)) === undefined ? undefined : true;
    });
  }

  /** Ends the server; what it keeps stays. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const closed = once(server, "close");
    server.kill("SIGTERM");
    await closed;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #run(words: readonly string[]): Promise<string> {
    const [command = "", ...args] = [...this.#enter, ...words];
    return (await promisify(execFile)(command, args, { maxBuffer: 2 ** 26 })).stdout;
  }

  /** A request about the bucket. @param below path or query behind its name. */
  async ask(method: string, below: string, body?: string, keys: Keys = operators): Promise<Answer> {
    const url = `${this.url}/${bucket}${below === "" || below.startsWith("?") ? "" : "/"}${below}`;
    const data = body === undefined ? [] : ["--data-binary", body];
    const words = ["curl", ...signed(method, keys), "--cacert", this.#file("crt"), "--write-out", "\n%{http_code}"];
    const out = await this.#run([...words, ...data, url]);
    const end = out.lastIndexOf("\n");
    return { status: Number(out.slice(end + 1)), text: out.slice(0, end) };
  }

  /** Runs restic on the repository with an operator's rights, and gives what it printed. @param cwd where the files are that it stores. */
  async restic(password: string, args: readonly string[], cwd = this.folder): Promise<Buffer> {
    const version = defaultVersions["restic"] ?? "";
    const restic = (await ensureArtifacts([{ name: "restic", version }])).get("restic") ?? "restic";
    const repository = `s3:${this.url}/${bucket}/${prefix}`;
    const common = ["--quiet", "--cacert", this.#file("crt"), "--cache-dir", this.#file("cache"), "--repo", repository];
    const [command = "", ...words] = [...this.#enter, restic, ...common, "-o", `s3.region=${region}`, ...args];
    const login = { AWS_ACCESS_KEY_ID: operators.accessKey, AWS_SECRET_ACCESS_KEY: operators.secretKey };
    const env = { ...process.env, ...login, RESTIC_PASSWORD: password };
    return (await promisify(execFile)(command, words, { cwd, env, encoding: "buffer", maxBuffer: 2 ** 30 })).stdout;
  }

  /** `ask` as an operator; fails unless it was done. */
  async expect(method: string, below: string, body?: string): Promise<string> {
    const { status, text } = await this.ask(method, below, body);
    if (status >= 200 && status < 300) return text;
    throw new Error(`${method} ${below} was answered by ${status}: ${text}`);
  }
}
