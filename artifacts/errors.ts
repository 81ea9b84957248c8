/** An artifact could not be had or served. The message is one sentence for the operator: what, why, and what to do. */
export class ArtifactError extends Error {
  override name = "ArtifactError";
}

/** The message of whatever was thrown, on one line and without a full stop, to be a part of a sentence. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join(", ");
  return (error instanceof Error ? error.message : String(error))
    .trim()
    .replace(/\.+$/, "")
    .replaceAll(/\s*\n\s*/g, "; ")
    .replaceAll(/\s+/g, " ");
}

/** Whether `error` says that a file is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
