import { randomBytes } from "node:crypto";
import { sharedPool } from "../../ssh/index.ts";
import type { CallContext, CheckFailure, ResourceHandler } from "../provider/types.ts";
import { isArchive, isAsset, isUnknown, peel, type PropertyMap, text, UNKNOWN } from "../provider/values.ts";
import { connectionFields, sshTarget } from "./connection.ts";
import { diffInputs } from "./diff.ts";
import { checkFields, type Fields } from "./fields.ts";
import { upload } from "./upload.ts";

const fields: Fields = {
  connection: { type: connectionFields, required: true, secret: true },
  source: { type: "source", required: true },
  remotePath: { type: "string", required: true },
  triggers: { type: "list" },
};

/**
 * `command:remote:CopyToRemote`: a file, a text or a folder, uploaded by SFTP as the login user. It copies when the content
 * or the path changed, never because of the connection alone, and removes nothing at the end.
 */
export const copyToRemote: ResourceHandler = {
  check: (news) => {
    const { value, failures } = checkFields(fields, news);
    return { inputs: value, failures: failures.length > 0 ? failures : checkSource(value) };
  },

  diff: (request) => diffInputs(fields, request),

  create: async (inputs, preview, context) => {
    if (preview) {
      return { id: "", properties: { ...inputs, source: UNKNOWN } };
    }
    await copy(inputs, context);
    return { id: randomBytes(4).toString("hex"), properties: inputs };
  },

  update: async ({ olds, news }, preview, context) => {
    if (preview) {
      return { ...news, source: UNKNOWN };
    }
    const same = contentHash(olds) === contentHash(news) && text(olds["remotePath"]) === text(news["remotePath"]);
    if (!same) {
      await copy(news, context);
    }
    return news;
  },

  delete: () => Promise.resolve(), // The official plugin leaves the copy on the host, too.

  read: (id, properties, inputs) => Promise.resolve({ id, properties, inputs }),
};

function checkSource(inputs: PropertyMap): CheckFailure[] {
  const source = peel(inputs["source"] ?? null);
  if (isUnknown(source)) {
    return []; // An asset made from another resource's output: known when it is copied.
  }
  const path = field(source, "path");
  if (isAsset(source) && path === "" && field(source, "uri") !== "") {
    return [
      { property: "source", reason: "source must be a FileAsset or a StringAsset; a RemoteAsset is not supported." },
    ];
  }
  if (isArchive(source) && path === "") {
    return [{ property: "source", reason: "source must be a FileArchive of a file or folder on this machine." }];
  }
  return [];
}

async function copy(inputs: PropertyMap, context: CallContext): Promise<void> {
  const target = sshTarget(inputs["connection"]);
  const source = peel(inputs["source"] ?? null);
  const path = field(source, "path");
  await sharedPool.sftp(target, context.signal, (sftp) =>
    upload(
      sftp,
      isAsset(source) && path === "" ? { text: field(source, "text") } : { path },
      text(inputs["remotePath"]),
      target.host,
    ),
  );
}

function contentHash(properties: PropertyMap): string {
  const source = peel(properties["source"] ?? null);
  return field(source, "hash") || JSON.stringify([field(source, "path"), field(source, "text")]);
}

function field(source: unknown, name: string): string {
  const value = (source as PropertyMap | null)?.[name];
  return typeof value === "string" ? value : "";
}
