import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import structMessages, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { refuseOtherUsers } from "../../local/peers.ts";
import { EngineLog } from "./engine.ts";
import { packageSchema } from "./schema.ts";
import { useNativeStrings } from "./strings.ts";
import { failureStatus } from "./failure.ts";
import { Sessions } from "./sessions.ts";
import {
  type CallContext,
  type CheckExtras,
  type CheckResult,
  DiffKind,
  type DiffResult,
  type ProviderDefinition,
  type ResourceHandler,
  type UpdateRequest,
} from "./types.ts";
import type { PropertyMap } from "./values.ts";

/** As the engine's own limit: states may be large. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** A provider that serves gRPC on 127.0.0.1. */
export interface RunningProvider {
  port: number;
  close(): Promise<void>;
}

/**
 * Serves one package until `close()`, on Linux to processes of this user alone. The same server may serve any number of runs, one after the
 * other or at once.
 *
 * @throws Error when this Linux does not tell who opens a connection.
 */
export async function serveProvider(definition: ProviderDefinition): Promise<RunningProvider> {
  await refuseOtherUsers();
  useNativeStrings();
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const service = new ProviderService(definition);
  server.addService(services.ResourceProviderService, service.handlers());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    port,
    close: () => {
      service.cancel();
      service.close();
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

/** Translates between gRPC messages and a `ProviderDefinition`. */
class ProviderService {
  readonly #definition: ProviderDefinition;
  readonly #log = new EngineLog();
  readonly #sessions = new Sessions();
  #run = new AbortController();

  constructor(definition: ProviderDefinition) {
    this.#definition = definition;
  }

  /** Interrupts what runs now. Calls that come later belong to another run and are served. */
  cancel(): void {
    this.#run.abort();
    this.#run = new AbortController();
  }

  close(): void {
    this.#sessions.close();
    this.#log.close();
  }

  handlers(): grpc.UntypedServiceImplementation {
    return {
      attach: unary((request: pluginMessages.PluginAttach) => {
        this.#log.attach(request.getAddress());
        return new emptyMessages.Empty();
      }),
      getPluginInfo: unary(() => {
        const info = new pluginMessages.PluginInfo();
        info.setVersion(this.#definition.version);
        return info;
      }),
      getSchema: unary(() => {
        const response = new messages.GetSchemaResponse();
        response.setSchema(JSON.stringify(packageSchema(this.#definition)));
        return response;
      }),
      checkConfig: unary((request: messages.CheckRequest) => {
        const news = fromStruct(request.getNews());
        const inputs = this.#definition.configurable?.checkConfig(news) ?? news;
        return checkResponse({ inputs: { ...inputs, ...this.#definition.extraConfig }, failures: [] });
      }),
      ...(this.#definition.configurable === undefined
        ? {}
        : { diffConfig: unary((request: messages.DiffRequest) => this.#diffConfig(request)) }),
      configure: unary((request: messages.ConfigureRequest, peer) => {
        const { configurable, name } = this.#definition;
        if (configurable !== undefined) this.#sessions.open(peer, configurable, configOf(request, name));
        const response = new messages.ConfigureResponse();
        response.setAcceptsecrets(this.#definition.acceptSecrets);
        response.setSupportspreview(true);
        response.setAcceptresources(true);
        response.setSupportsAutonamingConfiguration(this.#definition.configurable !== undefined);
        return response;
      }),
      cancel: unary(() => {
        this.cancel();
        return new emptyMessages.Empty();
      }),
      check: unary((request: messages.CheckRequest, peer) => this.#check(request, peer)),
      diff: unary((request: messages.DiffRequest, peer) => this.#diff(request, peer)),
      create: unary((request: messages.CreateRequest, peer) => this.#create(request, peer)),
      update: unary((request: messages.UpdateRequest, peer) => this.#update(request, peer)),
      delete: unary((request: messages.DeleteRequest, peer) => this.#delete(request, peer)),
      read: unary((request: messages.ReadRequest, peer) => this.#read(request, peer)),
      invoke: unary((request: messages.InvokeRequest) => {
        throw this.#missing(request.getTok());
      }),
    };
  }

  async #check(request: messages.CheckRequest, peer: string): Promise<Message> {
    const news = fromStruct(request.getNews());
    const context = this.#context(request.getUrn(), 0);
    return checkResponse(await this.#resource(request.getUrn(), peer).check(news, context, checkExtras(request)));
  }

  #diffConfig(request: messages.DiffRequest): Message {
    // Older engines put the inputs into olds.
    const olds = fromStruct(request.hasOldInputs() ? request.getOldInputs() : request.getOlds());
    const none: DiffResult = { changed: [], replaces: [] };
    return diffResponse(this.#definition.configurable?.diffConfig(olds, fromStruct(request.getNews())) ?? none);
  }

  async #diff(request: messages.DiffRequest, peer: string): Promise<Message> {
    const result = await this.#resource(request.getUrn(), peer).diff(
      this.#changeOf(request),
      this.#context(request.getUrn(), 0),
    );
    return diffResponse(result);
  }

  #changeOf(request: messages.DiffRequest | messages.UpdateRequest): UpdateRequest {
    const olds = fromStruct(request.getOlds());
    const news = fromStruct(request.getNews());
    const oldInputs = request.hasOldInputs() ? fromStruct(request.getOldInputs()) : undefined;
    const ignoreChanges = request.getIgnorechangesList();
    return {
      id: request.getId(),
      olds,
      news: this.#definition.configurable === undefined ? withIgnored(news, oldInputs ?? olds, ignoreChanges) : news,
      oldInputs,
      ignoreChanges,
    };
  }

  async #create(request: messages.CreateRequest, peer: string): Promise<Message> {
    const result = await this.#resource(request.getUrn(), peer).create(
      fromStruct(request.getProperties()),
      request.getPreview(),
      this.#context(request.getUrn(), request.getTimeout()),
    );
    const response = new messages.CreateResponse();
    response.setId(result.id);
    response.setProperties(toStruct(result.properties));
    return response;
  }

  async #update(request: messages.UpdateRequest, peer: string): Promise<Message> {
    const properties = await this.#resource(request.getUrn(), peer).update(
      this.#changeOf(request),
      request.getPreview(),
      this.#context(request.getUrn(), request.getTimeout()),
    );
    const response = new messages.UpdateResponse();
    response.setProperties(toStruct(properties));
    return response;
  }

  async #delete(request: messages.DeleteRequest, peer: string): Promise<Message> {
    await this.#resource(request.getUrn(), peer).delete(
      request.getId(),
      fromStruct(request.getProperties()),
      this.#context(request.getUrn(), request.getTimeout()),
    );
    return new emptyMessages.Empty();
  }

  async #read(request: messages.ReadRequest, peer: string): Promise<Message> {
    const result = await this.#resource(request.getUrn(), peer).read(
      request.getId(),
      fromStruct(request.getProperties()),
      fromStruct(request.getInputs()),
      this.#context(request.getUrn(), request.getTimeout()),
    );
    const response = new messages.ReadResponse();
    if (result === undefined) {
      return response;
    }
    response.setId(result.id);
    response.setProperties(toStruct(result.properties));
    response.setInputs(toStruct(result.inputs));
    return response;
  }

  #resource(urn: string, peer: string): ResourceHandler {
    const type = (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
    const configured = this.#definition.configurable === undefined ? undefined : this.#sessions.of(peer);
    const handler = this.#definition.resources[type] ?? configured?.resource(type);
    if (handler === undefined) {
      throw this.#missing(type);
    }
    return handler;
  }

  #missing(token: string): Error {
    const { name } = this.#definition;
    return new Error(
      `The bundled ${name} plugin has no ${token}. Run with --plugins official to use the full @pulumi/${name} plugin.`,
    );
  }

  #context(urn: string, timeoutSeconds: number): CallContext {
    const signal = this.#run.signal;
    return {
      urn,
      name: urn.split("::").slice(3).join("::"),
      timeoutSeconds,
      signal: timeoutSeconds > 0 ? AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]) : signal,
      progress: (line) => {
        this.#log.log("info", urn, line, true);
      },
      warn: (line) => {
        this.#log.log("warning", urn, line, false);
      },
    };
  }
}

/**
 * Wraps an async function as a gRPC handler; what it throws becomes the error that the engine prints. `peer` names the
 * connection: an engine opens one for each provider resource.
 */
function unary<Request>(
  serve: (request: Request, peer: string) => Message | Promise<Message>,
): grpc.handleUnaryCall<Request, Message> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => serve(call.request, call.getPeer()))
      .then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          callback(failureStatus(error));
        },
      );
  };
}

function checkExtras(request: messages.CheckRequest): CheckExtras {
  const { DISABLE } = messages.CheckRequest.AutonamingOptions.Mode;
  const autonaming = request.getAutonaming();
  return {
    olds: fromStruct(request.getOlds()),
    randomSeed: request.getRandomseed_asU8(),
    autonaming:
      autonaming === undefined
        ? undefined
        : { disabled: autonaming.getMode() === DISABLE, proposed: autonaming.getProposedName() },
  };
}

/** The provider's configuration as text values: `kubernetes:config:namespace` becomes `namespace`. */
function configOf(request: messages.ConfigureRequest, name: string): PropertyMap {
  const prefix = `${name}:config:`;
  const entries = request.getVariablesMap().toArray();
  return Object.fromEntries(
    entries.map(([key, value]) => [key.startsWith(prefix) ? key.slice(prefix.length) : key, value]),
  );
}

function fromStruct(struct: Struct | undefined): PropertyMap {
  return struct?.toJavaScript() ?? {};
}

function toStruct(map: PropertyMap): Struct {
  return structMessages.Struct.fromJavaScript(map);
}

function checkResponse(result: CheckResult): Message {
  const response = new messages.CheckResponse();
  response.setInputs(toStruct(result.inputs));
  response.setFailuresList(
    result.failures.map(({ property, reason }) => {
      const failure = new messages.CheckFailure();
      // The property stays unset: the engine would print its value, be it secret or a connection with a private key.
      failure.setReason(property === "" || reason.includes(property) ? reason : `${property}: ${reason}`);
      return failure;
    }),
  );
  return response;
}

function diffResponse(result: DiffResult): Message {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  const response = new messages.DiffResponse();
  response.setChanges(result.changed.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setDiffsList(result.changed);
  response.setReplacesList(result.replaces);
  response.setDeletebeforereplace(result.deleteBeforeReplace ?? false);
  if (result.detailed !== undefined) {
    response.setHasdetaileddiff(true);
    const map = response.getDetaileddiffMap();
    for (const [path, kind] of Object.entries(result.detailed)) {
      const entry = new messages.PropertyDiff();
      entry.setKind(WIRE_KIND[kind]);
      entry.setInputdiff(result.ofInputs ?? false);
      map.set(path, entry);
    }
  }
  return response;
}

const { Kind } = messages.PropertyDiff;
const WIRE_KIND: Record<DiffKind, messages.PropertyDiff.Kind> = {
  [DiffKind.add]: Kind.ADD,
  [DiffKind.addReplace]: Kind.ADD_REPLACE,
  [DiffKind.delete]: Kind.DELETE,
  [DiffKind.deleteReplace]: Kind.DELETE_REPLACE,
  [DiffKind.update]: Kind.UPDATE,
  [DiffKind.updateReplace]: Kind.UPDATE_REPLACE,
};

/** Top-level `ignoreChanges`: the old value stands in for the new one. */
function withIgnored(news: PropertyMap, olds: PropertyMap, ignored: string[]): PropertyMap {
  const result = { ...news };
  for (const key of ignored) {
    const old = olds[key];
    if (old !== undefined) {
      result[key] = old;
    }
  }
  return result;
}
