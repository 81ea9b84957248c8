import grpc from "@grpc/grpc-js";
import structMessages from "google-protobuf/google/protobuf/struct_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { serveProvider } from "../../../plugins/provider/server.ts";
import type { ProviderDefinition } from "../../../plugins/provider/types.ts";
import { type PropertyMap, type PropertyValue, secret } from "../../../plugins/provider/values.ts";

export interface Diff {
  changes: "none" | "some";
  replaces: string[];
  diffs: string[];
  /** Kinds by path, as numbers on the wire; undefined without detailed diff. */
  detailed: Record<string, number> | undefined;
}

/** Speaks to a provider over gRPC as the engine does. */
export class ProviderClient {
  readonly #client: InstanceType<typeof services.ResourceProviderClient>;
  readonly #stop: () => Promise<void>;
  readonly #type: string;

  private constructor(port: number, stop: () => Promise<void>, type: string) {
    this.#client = new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    this.#stop = stop;
    this.#type = type;
  }

  /** Serves `definition` and speaks to it about resources of one type. */
  static async start(definition: ProviderDefinition, type: string): Promise<ProviderClient> {
    const running = await serveProvider(definition);
    return new ProviderClient(running.port, () => running.close(), type);
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#stop();
  }

  get urn(): string {
    return `urn:pulumi:dev::proj::${this.#type}::res`;
  }

  check(news: PropertyMap): Promise<{ inputs: PropertyMap; failures: { property: string; reason: string }[] }> {
    const request = new messages.CheckRequest();
    request.setUrn(this.urn);
    request.setNews(struct(news));
    return new Promise((resolve, reject) => {
      this.#client.check(request, (error, response) => {
        if (error) reject(error);
        else resolve({ inputs: map(response.getInputs()), failures: response.toObject().failuresList });
      });
    });
  }

  create(inputs: PropertyMap, options: { preview?: boolean; timeout?: number } = {}): Promise<Created> {
    const request = new messages.CreateRequest();
    request.setUrn(this.urn);
    request.setProperties(struct(inputs));
    request.setPreview(options.preview ?? false);
    request.setTimeout(options.timeout ?? 0);
    return new Promise((resolve, reject) => {
      this.#client.create(request, (error, response) => {
        if (error) reject(new Error(error.details));
        else resolve({ id: response.getId(), properties: map(response.getProperties()) });
      });
    });
  }

  diff({ id, properties }: Created, news: PropertyMap, oldInputs: PropertyMap, ignore: string[] = []): Promise<Diff> {
    const request = new messages.DiffRequest();
    request.setUrn(this.urn);
    request.setId(id);
    request.setOlds(struct(properties));
    request.setNews(struct(news));
    request.setOldInputs(struct(oldInputs));
    request.setIgnorechangesList(ignore);
    return new Promise((resolve, reject) => {
      this.#client.diff(request, (error, response) => {
        if (error) {
          reject(new Error(error.details));
          return;
        }
        const detailed: Record<string, number> = {};
        response.getDetaileddiffMap().forEach((value, path) => {
          detailed[path] = value.getKind();
        });
        resolve({
          changes: response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_NONE ? "none" : "some",
          replaces: response.getReplacesList(),
          diffs: response.getDiffsList(),
          detailed: response.getHasdetaileddiff() ? detailed : undefined,
        });
      });
    });
  }

  update(
    { id, properties }: Created,
    news: PropertyMap,
    preview = false,
    oldInputs: PropertyMap = properties,
  ): Promise<PropertyMap> {
    const request = new messages.UpdateRequest();
    request.setUrn(this.urn);
    request.setId(id);
    request.setOlds(struct(properties));
    request.setNews(struct(news));
    request.setOldInputs(struct(oldInputs));
    request.setPreview(preview);
    return new Promise((resolve, reject) => {
      this.#client.update(request, (error, response) => {
        if (error) reject(new Error(error.details));
        else resolve(map(response.getProperties()));
      });
    });
  }

  delete({ id, properties }: Created): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setUrn(this.urn);
    request.setId(id);
    request.setProperties(struct(properties));
    return new Promise((resolve, reject) => {
      this.#client.delete(request, (error) => {
        if (error) reject(new Error(error.details));
        else resolve();
      });
    });
  }

  read(id: string, properties: PropertyMap = {}, inputs: PropertyMap = {}): Promise<Created & { inputs: PropertyMap }> {
    const request = new messages.ReadRequest();
    request.setUrn(this.urn);
    request.setId(id);
    request.setProperties(struct(properties));
    request.setInputs(struct(inputs));
    return new Promise((resolve, reject) => {
      this.#client.read(request, (error, response) => {
        if (error) reject(new Error(error.details));
        else {
          const inputsRead = map(response.getInputs());
          resolve({ id: response.getId(), properties: map(response.getProperties()), inputs: inputsRead });
        }
      });
    });
  }

  invoke(token: string, args: PropertyMap): Promise<PropertyMap> {
    const request = new messages.InvokeRequest();
    request.setTok(token);
    request.setArgs(struct(args));
    return new Promise((resolve, reject) => {
      this.#client.invoke(request, (error, response) => {
        if (error) reject(new Error(error.details));
        else resolve(map(response.getReturn()));
      });
    });
  }

  cancel(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.cancel(new emptyMessages.Empty(), (error) => {
        if (error) reject(new Error(error.details));
        else resolve();
      });
    });
  }
}

export interface Created {
  id: string;
  properties: PropertyMap;
}

/** The value inside a secret; fails the test when it is not one. */
export function revealed(value: PropertyValue | undefined): string {
  const inner = (value as PropertyMap | undefined)?.["value"];
  if (
    value === undefined ||
    JSON.stringify(secret(inner ?? null)) !== JSON.stringify(value) ||
    typeof inner !== "string"
  ) {
    throw new Error("The value is not a secret string.");
  }
  return inner;
}

function struct(value: PropertyMap): InstanceType<typeof structMessages.Struct> {
  return structMessages.Struct.fromJavaScript(value);
}

function map(value: InstanceType<typeof structMessages.Struct> | undefined): PropertyMap {
  return value?.toJavaScript() ?? {};
}
