import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { admissionPolicies } from "../../../../plan/admissionpolicies.ts";
import { admissionArguments, admissionFiles, podSecurityDefault } from "../../../../plan/bundles/admission.ts";
import { describeFinding } from "../../../../plan/findings.ts";
import { protectionModes, protectionsSchema } from "../../../../plan/protections.ts";
import { checkInput } from "../../../../plan/stackinput.ts";
import { bundleOf, configOf, hostsOf, rawConfig, threeHosts } from "../../../support/cluster.ts";

const allOff = Object.fromEntries(Object.keys(protectionModes).map((name) => [name, "off"]));
const form = { mode: "0640", owner: "root:kube-apiserver" };

/** Plugin → its configuration, as the API server would read it; undefined without a file. */
function plugins(raw: Record<string, unknown>): Record<string, Record<string, unknown>> | undefined {
  const [file, ...more] = admissionFiles(configOf(raw), form);
  assert.deepEqual(more, []);
  if (file === undefined) return undefined;
  const {
    apiVersion,
    kind,
    plugins: listed,
  } = parse(file.content, { version: "1.1" }) as {
    apiVersion: string;
    kind: string;
    plugins: { name: string; configuration: Record<string, unknown> }[];
  };
  assert.deepEqual([apiVersion, kind], ["apiserver.config.k8s.io/v1", "AdmissionConfiguration"]);
  return Object.fromEntries(listed.map(({ name, configuration }) => [name, configuration]));
}

const enabled = (raw: Record<string, unknown>) =>
  admissionArguments(configOf(raw))["enable-admission-plugins"]?.split(",");
const said = (raw: Record<string, unknown>) =>
  checkInput(threeHosts, { ...rawConfig, ...raw })
    .findings.map(describeFinding)
    .join("\n");

describe("plan/bundles/admission", () => {
  it("protects the API by default", () => {
    assert.deepEqual(enabled({}), ["DenyServiceExternalIPs", "EventRateLimit", "NodeRestriction", "PodSecurity"]);
    const configured = plugins({});
    assert.deepEqual(Object.keys(configured ?? {}), ["EventRateLimit", "PodSecurity"]);
    assert.deepEqual(configured?.["PodSecurity"]?.["defaults"], {
      ...{ enforce: "baseline", audit: "baseline", warn: "baseline" },
      ...{ "enforce-version": "latest", "audit-version": "latest", "warn-version": "latest" },
    });
    assert.deepEqual(configured["PodSecurity"]["exemptions"], {
      ...{ usernames: [], runtimeClasses: [], namespaces: ["kube-system"] },
    });
  });

  it("can be told to warn first, or to leave things alone, protection by protection", () => {
    const warn = { protections: { "external-ips": "warn", "pod-security": "warn" } };
    assert.deepEqual(enabled(warn), ["EventRateLimit", "NodeRestriction", "PodSecurity"]);
    const defaults = plugins(warn)?.["PodSecurity"]?.["defaults"] as Record<string, string>;
    assert.deepEqual(
      [defaults["enforce"], defaults["warn"], defaults["audit"]],
      ["privileged", "baseline", "baseline"],
    );

    const off = { protections: allOff };
    assert.deepEqual(enabled(off), ["NodeRestriction"]);
    assert.equal(plugins(off), undefined);
    assert.equal(admissionArguments(configOf(off))["admission-control-config-file"], undefined);
    assert.deepEqual(admissionPolicies({ config: configOf(off), hosts: hostsOf() }), []);
  });

  it("knows the protections by their names, and how each may be set", () => {
    for (const [name, modes] of Object.entries(protectionModes))
      for (const mode of ["enforce", "warn", "off"])
        assert.equal(
          protectionsSchema.safeParse({ [name]: mode }).success,
          (modes as readonly string[]).includes(mode),
          name,
        );
    assert.match(
      said({ protections: { "pod-securty": "off" } }),
      /plinth:protections has pod-securty, which is no prot.* there are external-ips, event-rate-limit, pod-security/,
    );
    assert.match(said({ protections: { "event-rate-limit": "warn" } }), /plinth:protections\.event-rate-limit/);
  });

  it("unites the plugins of the user with Plinth's", () => {
    const named = {
      apiserverArgs: { "enable-admission-plugins": "AlwaysPullImages, ImagePolicyWebhook,NodeRestriction" },
    };
    assert.deepEqual(enabled(named), [
      ...["AlwaysPullImages", "DenyServiceExternalIPs", "EventRateLimit"],
      ...["ImagePolicyWebhook", "NodeRestriction", "PodSecurity"],
    ]);
    const placement = { host: hostsOf()[0] ?? assert.fail(), hosts: hostsOf(), config: configOf(named) };
    const unit = bundleOf("controlplane", placement).files.find(({ path }) => path.endsWith("/kube-apiserver.service"));
    assert.match(
      unit?.content ?? "",
      /--enable-admission-plugins=AlwaysPullImages,Deny.*,NodeRestriction,PodSecurity /,
    );
    assert.match(unit?.content ?? "", /--admission-control-config-file=\/etc\/kubernetes\/admission\.yaml /);
  });

  it("merges configurations of the user over Plinth's, key by key, and turns their plugins on", () => {
    const admission = {
      PodSecurity: { defaults: { enforce: "restricted" }, exemptions: { namespaces: ["storage"] } },
      ImagePolicyWebhook: { imagePolicy: { kubeConfigFile: "/etc/kubernetes/apiserver/images.conf" } },
    };
    const apiserverFiles = { "/etc/kubernetes/apiserver/images.conf": { file: "x" } };
    assert.equal(said({ admission, apiserverFiles }), "");
    assert.ok(enabled({ admission })?.includes("ImagePolicyWebhook"));
    const configured = plugins({ admission });
    assert.deepEqual(configured?.["ImagePolicyWebhook"], admission.ImagePolicyWebhook);
    const { defaults, exemptions } = configured["PodSecurity"] as Record<string, Record<string, unknown>>;
    assert.deepEqual([defaults?.["enforce"], defaults?.["warn"]], ["restricted", "baseline"]);
    assert.deepEqual(exemptions?.["namespaces"], ["kube-system", "storage"], "the cluster's own stay exempt");
    // Without the protection what the user says is all there is.
    assert.deepEqual(plugins({ admission, protections: allOff })?.["PodSecurity"], admission.PodSecurity);
  });

  it("never loses a plugin or a key of either side, whatever is configured", () => {
    const name = fc.constantFrom("PodSecurity", "EventRateLimit", "PodNodeSelector", "ValidatingAdmissionWebhook");
    const admission = fc.dictionary(name, fc.dictionary(fc.constantFrom("kind", "limits", "more"), fc.integer()));
    const modes = fc.record({
      "external-ips": fc.constantFrom("enforce", "warn", "off"),
      "event-rate-limit": fc.constantFrom("enforce", "off"),
      "pod-security": fc.constantFrom("enforce", "warn", "off"),
    });
    const list = fc.uniqueArray(fc.constantFrom("AlwaysPullImages", "NodeRestriction", "PodSecurity"));
    fc.assert(
      fc.property(admission, modes, list, (overlay, protections, named) => {
        const raw = {
          admission: overlay,
          protections,
          ...(named.length === 0 ? {} : { apiserverArgs: { "enable-admission-plugins": named.join() } }),
        };
        const all = enabled(raw) ?? [];
        assert.deepEqual(all, [...new Set(all)].sort());
        for (const plugin of ["NodeRestriction", ...named, ...Object.keys(overlay)])
          assert.ok(all.includes(plugin), plugin);
        const configured = plugins(raw) ?? {};
        for (const [plugin, keys] of Object.entries(overlay))
          for (const [key, value] of Object.entries(keys)) assert.equal(configured[plugin]?.[key], value);
        assert.deepEqual(Object.keys(configured), Object.keys(configured).sort());
        for (const plugin of Object.keys(configured)) assert.ok(all.includes(plugin), plugin);
      }),
    );
  });

  it("refuses what would turn a protection off unseen, or what the API server would not start with", () => {
    const args = (apiserverArgs: Record<string, string>, more: Record<string, unknown> = {}) =>
      said({ apiserverArgs, ...more });
    const disable = (list: string) => ({ "disable-admission-plugins": list });
    assert.match(args(disable("NodeRestriction")), /names NodeRestriction, which Plinth turns on; remove it there/);
    assert.match(
      args(disable("DefaultTolerationSeconds,PodSecurity")),
      /names PodSecurity, .*set plinth:protections\.pod-security to off/,
    );
    assert.match(
      args(disable("ValidatingAdmissionPolicy")),
      /names ValidatingAdmissionPolicy: Plinth protects the cluster by it/,
    );
    for (const plugin of ["ServiceAccount", "ResourceQuota", "Priority", "CertificateSubjectRestriction"])
      assert.match(
        args(disable(`DefaultTolerationSeconds,${plugin}`)),
        new RegExp(`names ${plugin}: .*remove it there`),
      );
    assert.equal(args(disable("DefaultTolerationSeconds,DefaultStorageClass")), "");
    assert.equal(args(disable("DefaultTolerationSeconds,PodSecurity"), { protections: { "pod-security": "off" } }), "");
    assert.match(
      args(disable("PodNodeSelector"), { admission: { PodNodeSelector: {} } }),
      /names PodNodeSelector, which plinth:admission configures/,
    );
    assert.match(args({ "admission-control": "AlwaysAdmit" }), /admission-control does not go with the plugins/);
    const file = { "admission-control-config-file": "/etc/mine.yaml" };
    assert.match(args(file), /reads only one, which is Plinth's; write its plugins into plinth:admission/);
    const free = { protections: { "event-rate-limit": "off", "pod-security": "off" } };
    assert.equal(args(file, free), "");
    const merged = admissionArguments(configOf({ apiserverArgs: file, ...free }));
    assert.equal(merged["admission-control-config-file"], undefined, "theirs stays");
    assert.match(said({ admission: { podSecurity: {} } }), /must be the name of an admission plugin/);
  });

  it("tells on which namespaces the default of pods decides", () => {
    const namespaces = [
      { name: "kube-system", labels: {} },
      { name: "default", labels: { "kubernetes.io/metadata.name": "default" } },
      { name: "storage", labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
      { name: "web", labels: { "pod-security.kubernetes.io/warn": "restricted" } },
    ];
    const of = (raw: Record<string, unknown>) => podSecurityDefault(configOf(raw), namespaces);
    assert.deepEqual(of({}), { level: "baseline", namespaces: ["default", "web"] });
    assert.deepEqual(of({ admission: { PodSecurity: { exemptions: { namespaces: ["web"] } } } })?.namespaces, [
      "default",
    ]);
    assert.equal(of({ admission: { PodSecurity: { defaults: { enforce: "restricted" } } } })?.level, "restricted");
    for (const mode of ["warn", "off"]) assert.equal(of({ protections: { "pod-security": mode } }), undefined);
  });
});
