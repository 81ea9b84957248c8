import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { identityVariable } from "../../../cli/backup/identity.ts";
import type { Project } from "./project.ts";

/** A directory of each member. */
export const disk = { name: "disk", directory: { path: "/srv/backup" } };

/** How a project's sets are opened, and where they go. */
export class Backups {
  readonly password = "the password of this test's repositories";
  readonly recipient: string;
  readonly identity: string;
  readonly #folder: string;
  readonly #project: Project;

  private constructor(
    project: Project,
    folder: string,
    { identity, recipient }: { identity: string; recipient: string },
  ) {
    this.#project = project;
    this.#folder = folder;
    this.identity = identity;
    this.recipient = recipient;
  }

  /** Makes the operator's key. */
  static async make(project: Project): Promise<Backups> {
    const folder = mkdtempSync(path.join(tmpdir(), "plinth-e2e-key-"));
    const identity = await generateX25519Identity();
    writeFileSync(path.join(folder, "age.txt"), `${identity}\n`, { mode: 0o600 });
    const backups = new Backups(project, folder, { identity, recipient: await identityToRecipient(identity) });
    backups.useKey();
    return backups;
  }

  /** From here on `./plinth` opens sets by this key. */
  useKey(): void {
    process.env[identityVariable] = path.join(this.#folder, "age.txt");
  }

  /** Writes `plinth:backup`. @param more settings besides targets. */
  configure(targets: readonly object[], more: object = {}): void {
    const { recipient, password } = this;
    this.#project.configure("backup", JSON.stringify({ recipients: [recipient], password, targets, ...more }));
  }

  close(): void {
    Reflect.deleteProperty(process.env, identityVariable);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
