import { isMap, type PropertyMap, UNKNOWN } from "../provider/values.ts";
import { at, kindOf, withoutValue, withValue, type KubeObject } from "../../kube/object.ts";

/** Values that the server makes up anew each time. */
const MADE_UP = [
  ["metadata", "uid"],
  ["metadata", "creationTimestamp"],
  ["metadata", "resourceVersion"],
];
const MADE_UP_FOR_SERVICES = [
  ["spec", "clusterIP"],
  ["spec", "clusterIPs"],
  ["spec", "healthCheckNodePort"],
];

/** The server's answer to a tried creation, with unknowns for what the real one will make up, and without a status. */
export function withoutGuesses(tried: KubeObject, inputs: KubeObject): KubeObject {
  const isService = kindOf(tried) === "Service";
  const result = [...MADE_UP, ...(isService ? MADE_UP_FOR_SERVICES : [])].reduce(
    (object, path) =>
      at(object, ...path) === undefined || at(inputs, ...path) !== undefined
        ? object
        : withValue(object, path, UNKNOWN),
    withoutValue(tried, ["status"]),
  );
  return isService ? withoutNodePorts(result, inputs) : result;
}

function withoutNodePorts(service: KubeObject, inputs: KubeObject): KubeObject {
  const ports = at(service, "spec", "ports");
  const declared = at(inputs, "spec", "ports");
  if (!Array.isArray(ports)) {
    return service;
  }
  const known = ports.map((port, index): typeof port => {
    const own = Array.isArray(declared) ? declared[index] : undefined;
    const isMadeUp = isMap(port) && "nodePort" in port && !(isMap(own) && "nodePort" in own);
    return isMadeUp ? ({ ...port, nodePort: UNKNOWN } satisfies PropertyMap) : port;
  });
  return withValue(service, ["spec", "ports"], known);
}
