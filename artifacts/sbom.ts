import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { type BuildInfo } from "./buildinfo.ts";

/** Something that hosts fetch. */
export interface SbomItem {
  /** Its path on the artifact server: unique. */
  path: string;
  name: string;
  version?: string;
  /** An executable, the archive of an image, or a script. */
  kind: "executable" | "image" | "script";
  sha256: string;
  /** Where it came from, for the reader: a URL, or a Go package with its version and tool chain. */
  source: string;
  /** `pkg:golang/…` or `pkg:generic/…`. */
  purl?: string;
  /** Of a Go executable. */
  build?: BuildInfo | undefined;
  /** Paths of items that are in it. */
  contains?: readonly string[];
}

export interface SbomSubject {
  /** What it is of: a stack. */
  stack: string;
  /** Of Plinth. */
  version: string;
  /** Left out: the document depends on nothing but what is in it. */
  timestamp?: Date | undefined;
}

const types = {
  executable: Enums.ComponentType.Application,
  image: Enums.ComponentType.Container,
  script: Enums.ComponentType.File,
};

/**
 * A CycloneDX 1.6 document, JSON: a component for each item with its SHA-256, one for each Go module that is linked into
 * some, and who needs whom. The same items give the same bytes.
 */
export function makeSbom({ stack, version, timestamp }: SbomSubject, items: readonly SbomItem[]): string {
  const root = new Models.Component(Enums.ComponentType.Platform, stack, { bomRef: `stack:${stack}` });
  const plinth = new Models.Component(Enums.ComponentType.Application, "plinth", { version, bomRef: "plinth" });
  const metadata = new Models.Metadata({
    component: root,
    tools: new Models.Tools({ components: new Models.ComponentRepository([plinth]) }),
  });
  if (timestamp !== undefined) metadata.timestamp = timestamp;
  const bom = new Models.Bom({ metadata });
  const modules = new Map<string, Models.Component>();
  const made = new Map<string, Models.Component>();
  for (const item of items) {
    const component = componentOf(item);
    made.set(item.path, component);
    bom.components.add(component);
    root.dependencies.add(component.bomRef);
    for (const module of item.build?.modules ?? []) {
      const purl = golangPurl(module.path, module.version);
      const known =
        modules.get(purl) ??
        new Models.Component(Enums.ComponentType.Library, module.path, {
          ...{ version: module.version, purl, bomRef: purl },
          ...(module.sum === undefined ? {} : { properties: property("plinth:goSum", module.sum) }),
        });
      modules.set(purl, known);
      component.dependencies.add(known.bomRef);
    }
  }
  for (const item of items) {
    for (const path of item.contains ?? []) {
      const part = made.get(path);
      if (part !== undefined) made.get(item.path)?.dependencies.add(part.bomRef);
    }
  }
  for (const module of modules.values()) bom.components.add(module);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function componentOf({ path, name, version, kind, sha256, source, purl, build }: SbomItem): Models.Component {
  const properties = property("plinth:source", source);
  if (build !== undefined) properties.add(new Models.Property("plinth:go", build.go));
  return new Models.Component(types[kind], name, {
    bomRef: path,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], sha256]]),
    properties,
    ...(version === undefined ? {} : { version }),
    ...(purl === undefined ? {} : { purl }),
  });
}

const property = (name: string, value: string): Models.PropertyRepository =>
  new Models.PropertyRepository([new Models.Property(name, value)]);

/** The package URL of a Go module, of a package in it when `subpath` is given. */
export function golangPurl(module: string, version: string, subpath = ""): string {
  const path = module.split("/").map(encodeURIComponent).join("/");
  return `pkg:golang/${path}@${encodeURIComponent(version)}${subpath === "" ? "" : `#${subpath}`}`;
}

/** The package URL of a file that is downloaded from its publisher. */
export function genericPurl(name: string, version: string, url: string): string {
  return `pkg:generic/${encodeURIComponent(name)}@${encodeURIComponent(version)}?download_url=${encodeURIComponent(url)}`;
}
