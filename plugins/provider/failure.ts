import grpc from "@grpc/grpc-js";
import anyMessages from "google-protobuf/google/protobuf/any_pb.js";
import structMessages from "google-protobuf/google/protobuf/struct_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import { errorText } from "./errors.ts";
import { InitializationError } from "./types.ts";

/** What was thrown as a gRPC status. An initialization error carries the state of what was made. */
export function failureStatus(error: unknown): grpc.StatusObject & Error {
  const details = errorText(error);
  const metadata = new grpc.Metadata();
  if (error instanceof InitializationError) {
    // Where Go's gRPC looks for structured details.
    metadata.add("grpc-status-details-bin", Buffer.from(initializationStatus(error).serializeBinary()));
  }
  return { name: "Error", code: grpc.status.UNKNOWN, details, message: details, metadata };
}

function initializationStatus({ message, result, reasons }: InitializationError): statusMessages.Status {
  const failed = new messages.ErrorResourceInitFailed();
  failed.setId(result.id);
  failed.setProperties(structMessages.Struct.fromJavaScript(result.properties));
  failed.setInputs(structMessages.Struct.fromJavaScript(result.inputs));
  failed.setReasonsList([...reasons]);
  const detail = new anyMessages.Any();
  detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusMessages.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.addDetails(detail);
  return status;
}
