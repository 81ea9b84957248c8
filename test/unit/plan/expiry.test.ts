import assert from "node:assert/strict";
import fc from "fast-check";
import { hasEnded, readCertificate, type CertificateFile } from "../../../plan/certificates.ts";
import {
  expiriesIn,
  expiryProblems,
  expiryWarnings,
  isTold,
  kubeconfigsIn,
  type Expiry,
} from "../../../plan/expiry.ts";
import { renderKubeconfig } from "../../../plan/bundles/kubeconfig.ts";
import { kubeletCredentials } from "../../../plan/names.ts";
import { selfSigned } from "../../support/certificates.ts";
import { factsOf, hostsOf, readingsOf } from "../../support/cluster.ts";

const DAY = 86_400_000;
const at = Date.parse("2026-06-01T00:00:00Z");

/** A certificate that lives for some days, of which some are left. */
function file(path: string, life: number, left: number, extra: Partial<CertificateFile> = {}): CertificateFile {
  const end = at + left * DAY;
  return {
    ...{ path, subject: `CN=${path}`, isAuthority: false },
    notBefore: new Date(end - life * DAY).toISOString(),
    notAfter: new Date(end).toISOString(),
    ...extra,
  };
}

const leaf = "/etc/kubernetes/pki/etcd/server.crt";
const { client, serving } = kubeletCredentials;
const of = (...files: CertificateFile[]): Expiry[] =>
  expiriesIn({ files: new Map([["cp1", files]]), kubeconfigs: [], at });
const messages = (...files: CertificateFile[]): string[] => of(...files).map(({ message }) => message);

describe("plan/expiry", () => {
  it("tells 30 days before the end of a long life", () => {
    for (const [path, extra] of [
      [leaf, {}],
      [client, {}],
      [serving, {}],
      ["/etc/kubernetes/pki/ca.crt", { isAuthority: true }],
    ] as const) {
      assert.equal(of(file(path, 400, 31, extra)).length, 0, path);
      assert.equal(of(file(path, 400, 29, extra)).length, 1, path);
    }
  });

  it("tells when the last part of a short life has begun, of a kubelet's later than it renews it itself", () => {
    assert.equal(of(file(leaf, 4, 1.1)).length, 0);
    assert.equal(of(file(leaf, 4, 0.9)).length, 1);
    assert.equal(of(file(client, 10, 1)).length, 0, "10 % left");
    assert.equal(of(file(client, 10, 0.5)).length, 1);
  });

  it("is told once it is told, and never more than 30 days ahead", () => {
    const kinds = fc.constantFrom<Expiry["kind"]>("authority", "leaf", "kubelet", "kubeconfig");
    fc.assert(
      fc.property(kinds, fc.integer({ min: 1, max: 4000 }), fc.nat(4000), fc.nat(100), (kind, life, left, later) => {
        const certificate = file(leaf, life, left);
        const now = isTold(kind, certificate, at);
        if (now) assert.ok(left < 30 && isTold(kind, certificate, at + later * DAY));
        if (hasEnded(certificate, at)) assert.ok(now);
      }),
    );
  });

  it("says what to do about each", () => {
    assert.deepEqual(messages(file(leaf, 365, -1), file(leaf, 365, 1)), [
      `${leaf} has expired (2026-05-31T00:00:00.000Z): run up, which renews it`,
      `${leaf} expires soon (2026-06-02T00:00:00.000Z): run up, which renews it`,
    ]);
    assert.match(
      messages(file(client, 365, 1))[0] ?? "",
      /its kubelet expires soon .*: it renews that by itself, so see/,
    );
    assert.match(
      messages(file(serving, 365, -1))[0] ?? "",
      /with which its kubelet serves has expired .* see what keeps it/,
    );
    for (const message of messages(file(client, 365, -1), file(serving, 365, -1)))
      assert.match(message, /has expired .*: run up, which lets it join anew/);
  });

  it("names an authority once, whatever hosts have it, and its last day", () => {
    const authority = (path: string) => file(path, 3650, 20, { subject: "CN=demo CA", isAuthority: true });
    const files = new Map([
      ["cp1", [authority("/etc/kubernetes/pki/ca.crt"), authority("/etc/kubernetes/pki/node-ca.crt")]],
      ["w1", [authority("/etc/kubernetes/pki/node-ca.crt")]],
    ]);
    const [told, ...others] = expiriesIn({ files, kubeconfigs: [], at });
    assert.deepEqual([told?.host, others], [undefined, []]);
    assert.match(
      told?.message ?? "",
      /^the authority CN=demo CA expires soon \(2026-06-21.*cannot rotate authorities yet/,
    );
  });

  describe("for status", () => {
    const told = (...files: CertificateFile[]) =>
      expiryProblems({
        files: new Map([
          ["cp1", files],
          ["cp2", [file(leaf, 365, 9)]],
        ]),
        kubeconfigs: [],
        at,
      });

    it("the leaves of a host are one sentence, and everything else another one each", () => {
      const own = [file(leaf, 365, 3), file("/a.crt", 365, -2), file("/b.crt", 365, -3), file(client, 365, -1)];
      assert.deepEqual(told(...own), [
        { host: "cp1", message: messages(file(client, 365, -1))[0] },
        {
          host: "cp1",
          message:
            "of its certificates, 2 have expired and 1 expires soon (the first 2026-05-29T00:00:00.000Z): run up, which renews them",
        },
        { host: "cp2", message: messages(file(leaf, 365, 9))[0] },
      ]);
    });

    it("no host has more than one sentence about leaves, and none where nothing ends", () => {
      const ends = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 12 });
      fc.assert(
        fc.property(ends, (days) => {
          const files = days.map((left, index) => file(`/${index}.crt`, 365, left));
          const own = told(...files).filter(({ host }) => host === "cp1");
          assert.equal(own.length, of(...files).length === 0 ? 0 : 1);
        }),
      );
    });
  });

  describe("in a run", () => {
    const hosts = hostsOf();
    const readings = readingsOf(hosts, {
      cp1: {
        facts: factsOf("cp1", { certificates: [file(leaf, 365, -3), file(leaf, 365, 9), file(client, 365, -1)] }),
      },
      cp2: { facts: factsOf("cp2", { certificates: [file(leaf, 365, -2), file(client, 365, -1)] }) },
      cp3: { failure: "unreachable", message: "no answer" },
    });
    const kubeconfigs = [{ owner: "the administrator", certificate: file("x", 365, 3) }];
    const warnings = (rejoining: string[]) =>
      expiryWarnings({ hosts, readings, rejoining: new Set(rejoining), kubeconfigs, at });

    it("all leaves are told of at once, and kubelets that join anew elsewhere", () => {
      assert.deepEqual(warnings(["cp1", "cp2"]), [
        "3 certificates of cp1, cp2 have expired or expire soon, the first of them 2026-05-29T00:00:00.000Z: this run renews them",
        "the kubeconfig of the administrator expires soon (2026-06-04T00:00:00.000Z): this run renews it, and give the new one to everybody who has a copy",
      ]);
      assert.match(warnings(["cp1"])[1] ?? "", /^cp2: the certificate of its kubelet has expired/);
    });

    it("nothing is told where nothing ends", () => {
      assert.deepEqual(
        expiryWarnings({ hosts, readings: readingsOf(hosts), rejoining: new Set(), kubeconfigs: [], at }),
        [],
      );
    });
  });

  it("finds the certificates in kubeconfigs of outputs, and none where they are masked or make no sense", () => {
    const pem = selfSigned("IP:127.0.0.1").certificate;
    const kubeconfig = renderKubeconfig({
      ...{ cluster: "demo", user: "plinth-admin", server: "https://192.0.2.1:6443" },
      ...{ authority: { pem }, certificate: { pem }, key: { pem: "key" } },
    });
    const certificate = readCertificate(pem);
    assert.deepEqual(kubeconfigsIn({ kubeconfig, tenantKubeconfigs: { blue: kubeconfig } }), [
      { owner: "the administrator", certificate },
      { owner: "the tenant blue", certificate },
    ]);
    for (const odd of [undefined, "[secret]", "a: [", { secret: true }, "users: [1]"])
      assert.deepEqual(kubeconfigsIn({ kubeconfig: odd, tenantKubeconfigs: odd }), []);
  });
});
