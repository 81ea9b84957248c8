import grpc from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";

const { LogSeverity } = engineMessages;
export type Severity = "info" | "warning";

/** The engine's log. Lines are dropped before an engine has attached: then there is nobody to show them to. */
export class EngineLog {
  #client: InstanceType<typeof engineServices.EngineClient> | undefined;

  attach(address: string): void {
    this.close();
    this.#client = new engineServices.EngineClient(address, grpc.credentials.createInsecure());
  }

  /** Sends one line about a resource. `ephemeral` lines show beside the resource only. */
  log(severity: Severity, urn: string, message: string, ephemeral: boolean): void {
    const request = new engineMessages.LogRequest();
    request.setSeverity(severity === "info" ? LogSeverity.INFO : LogSeverity.WARNING);
    request.setUrn(urn);
    request.setMessage(message);
    request.setEphemeral(ephemeral);
    this.#client?.log(request, (error) => {
      // A run must not fail because a line of progress did not arrive; the engine may have gone.
      if (error !== null && error.code !== grpc.status.UNAVAILABLE && error.code !== grpc.status.CANCELLED) {
        process.emitWarning(`engine log: ${error.details}`);
      }
    });
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}
