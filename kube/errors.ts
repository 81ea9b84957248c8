import { isMap, type Json, type JsonMap } from "./json.ts";
import { listAt, numberAt, textAt } from "./object.ts";

/** An answer of the API server other than success. */
export class ApiError extends Error {
  override name = "ApiError";
  /** HTTP status. */
  readonly status: number;
  /** `AlreadyExists`, `Conflict`, `Invalid`, `NotFound`, …; empty when the answer was none of Kubernetes. */
  readonly reason: string;
  readonly details: JsonMap;
  /** Whether an earlier try of the same request may have been carried out, its answer lost. */
  afterLostAnswer = false;

  constructor(status: number, body: Json, what: string) {
    const answer = isMap(body) ? body : {};
    const message = textAt(answer, "message");
    const { details } = answer;
    super(message === "" ? `${what} was answered with HTTP status ${status}.` : message);
    this.status = status;
    this.reason = textAt(answer, "reason");
    this.details = isMap(details) ? details : {};
  }

  /** Seconds after which the server wants to be asked again; 0 when it does not say. */
  get retryAfterSeconds(): number {
    return numberAt(this.details, "retryAfterSeconds");
  }
}

/** The API server could not be reached; the sentence says where and why. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}

/** The server does not serve such a kind; it may come with a CustomResourceDefinition. */
export class NoSuchKindError extends Error {
  override name = "NoSuchKindError";
}

const hasStatus = (error: unknown, status: number): error is ApiError =>
  error instanceof ApiError && error.status === status;

export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);
export const isForbidden = (error: unknown): boolean => hasStatus(error, 403);
export const isAlreadyExists = (error: unknown): error is ApiError =>
  hasStatus(error, 409) && error.reason === "AlreadyExists";
export const isConflict = (error: unknown): error is ApiError => hasStatus(error, 409) && error.reason === "Conflict";

/** Whether the object's namespace is what was not found. */
export const isNamespaceMissing = (error: unknown): boolean =>
  hasStatus(error, 404) && textAt(error.details, "kind") === "namespaces";

export const isDryRunUnsupported = (error: unknown): boolean =>
  hasStatus(error, 400) && /dry ?run/i.test(error.message);

/** Whether an update was refused because a field can only be set at creation. */
export const isImmutableField = (error: unknown): error is ApiError =>
  hasStatus(error, 422) && /field is immutable|cannot change roleRef/.test(error.message);

/** `.spec.replicas (owned by "hpa")`, … of an apply that others' fields stand in the way of. */
export function conflicts(error: ApiError): string[] {
  return listAt(error.details, "causes")
    .filter((cause) => cause["reason"] === "FieldManagerConflict")
    .map((cause) => {
      const owner = /"([^"]+)"/.exec(textAt(cause, "message"))?.[1] ?? "another manager";
      return `${textAt(cause, "field")} (owned by "${owner}")`;
    });
}
