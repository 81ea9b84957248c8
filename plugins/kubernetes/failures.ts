import {
  ApiError,
  conflicts,
  isAlreadyExists,
  isConflict,
  isImmutableField,
  isNotFound,
  UnreachableError,
} from "../../kube/errors.ts";
import { describe, type KubeObject } from "../../kube/object.ts";

/** What the user reads when the server refused something: which object, why, and what to do. Others pass unchanged. */
export function refusal(error: unknown, object: KubeObject, verb: string, fieldManager?: string): unknown {
  const what = describe(object);
  if (error instanceof UnreachableError) {
    return new Error(`${what} was not ${verb}: configured Kubernetes cluster is unreachable: ${error.message}`, {
      cause: error,
    });
  }
  if (isConflict(error)) {
    const fields = conflicts(error);
    if (fields.length > 0) {
      const owner = fieldManager === undefined ? "" : ` by field manager "${fieldManager}"`;
      return new Error(
        `${what} was not ${verb}${owner}, as others own fields that it declares: ${fields.join(", ")}. Leave them out, add ` +
          'them to ignoreChanges, or set the annotation pulumi.com/patchForce: "true" to take them.',
        { cause: error },
      );
    }
  }
  if (isAlreadyExists(error)) {
    return new Error(
      `${what} was not ${verb}, as it exists already. Import it, ` +
        "or set upsertExistingObjects on the provider to take it over.",
      { cause: error },
    );
  }
  if (isImmutableField(error) && verb === "taken over") {
    return new Error(
      `${what} was not taken over, as it exists with other values in fields that cannot be changed: ${error.message} ` +
        "Delete it, if nobody needs it as it is; the next run makes it again.",
      { cause: error },
    );
  }
  if (isNotFound(error) && verb === "updated") {
    return new Error(`${what} was not updated, as it is gone; run a refresh, and the next update makes it again.`, {
      cause: error,
    });
  }
  return error instanceof ApiError ? new Error(`${what} was not ${verb}: ${error.message}`, { cause: error }) : error;
}
