import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { type PropertyMap, secret, text, UNKNOWN } from "../../../plugins/provider/values.ts";
import { tlsProvider } from "../../../plugins/tls/index.ts";
import { type Created, ProviderClient, revealed } from "./client.ts";

const KEYS: [string, PropertyMap][] = [
  ["RSA", { algorithm: "RSA" }],
  ["ECDSA P224", { algorithm: "ECDSA", ecdsaCurve: "P224" }],
  ["ECDSA P256", { algorithm: "ECDSA", ecdsaCurve: "P256" }],
  ["ECDSA P384", { algorithm: "ECDSA", ecdsaCurve: "P384" }],
  ["ECDSA P521", { algorithm: "ECDSA", ecdsaCurve: "P521" }],
  ["ED25519", { algorithm: "ED25519" }],
];

describe("tls", () => {
  let keys: ProviderClient;
  let selfSigned: ProviderClient;
  let requests: ProviderClient;
  let leaves: ProviderClient;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "plinth-tls-"));
    keys = await ProviderClient.start(tlsProvider, "tls:index/privateKey:PrivateKey");
    selfSigned = await ProviderClient.start(tlsProvider, "tls:index/selfSignedCert:SelfSignedCert");
    requests = await ProviderClient.start(tlsProvider, "tls:index/certRequest:CertRequest");
    leaves = await ProviderClient.start(tlsProvider, "tls:index/locallySignedCert:LocallySignedCert");
  });
  after(async () => {
    await Promise.all([keys, selfSigned, requests, leaves].map((client) => client.close()));
    rmSync(folder, { recursive: true });
  });

  async function newKey(inputs: PropertyMap = { algorithm: "ECDSA", ecdsaCurve: "P256" }): Promise<string> {
    return revealed((await keys.create(inputs)).properties["privateKeyPem"]);
  }

  async function newAuthority(
    rest: PropertyMap = {},
    key?: string,
  ): Promise<{ key: string; created: Created; inputs: PropertyMap }> {
    const caKey = key ?? (await newKey());
    const inputs: PropertyMap = {
      privateKeyPem: secret(caKey),
      allowedUses: ["cert_signing", "crl_signing"],
      validityPeriodHours: 100,
      isCaCertificate: true,
      subject: { commonName: "ca", organization: "o" },
      ...rest,
    };
    return { key: caKey, created: await selfSigned.create(inputs), inputs };
  }

  function openssl(...args: string[]): string {
    return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  function file(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  describe("PrivateKey", () => {
    for (const [name, inputs] of KEYS) {
      it(`${name}: all forms are the same key`, async () => {
        const { id, properties } = await keys.create(inputs);
        const pem = revealed(properties["privateKeyPem"]);
        const pkcs8 = revealed(properties["privateKeyPemPkcs8"]);
        const publicPem = text(properties["publicKeyPem"]);
        assert.ok(createPrivateKey(pem).equals(createPrivateKey(pkcs8)));
        assert.equal(createPublicKey(pem).export({ type: "spki", format: "pem" }), publicPem);
        assert.match(id, /^[0-9a-f]{40}$/);
        assert.equal(properties["id"], id);
        assert.equal(properties["__meta"], '{"schema_version":"1"}');
        const labels: Record<string, string> = { RSA: "RSA PRIVATE", ECDSA: "EC PRIVATE", ED25519: "PRIVATE" };
        assert.ok(pem.startsWith(`-----BEGIN ${labels[text(inputs["algorithm"])] ?? ""} KEY-----\n`));
        const ssh = revealed(properties["privateKeyOpenssh"]);
        if (inputs["ecdsaCurve"] === "P224") {
          const forms = ["publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"];
          assert.deepEqual([ssh, ...forms.map((form) => properties[form])], ["", "", "", ""]);
          return;
        }
        const parsed = ssh2.utils.parseKey(ssh);
        assert.ok(!(parsed instanceof Error));
        const line = `${parsed.type} ${parsed.getPublicSSH().toString("base64")}\n`;
        assert.equal(properties["publicKeyOpenssh"], line);
        const printed = execFileSync("ssh-keygen", ["-lf", file("key.pub", line)], { encoding: "utf8" });
        assert.ok(printed.includes(text(properties["publicKeyFingerprintSha256"])));
      });
    }

    it("fills in rsaBits 2048 and curve P224", async () => {
      const { properties } = await keys.create({ algorithm: "ECDSA" });
      assert.deepEqual([properties["rsaBits"], properties["ecdsaCurve"]], [2048, "P224"]);
    });

    it("previews every form of the key as unknown", async () => {
      const { id, properties } = await keys.create({ algorithm: "RSA" }, { preview: true });
      assert.equal(id, "");
      assert.equal(properties["privateKeyPem"], UNKNOWN);
      assert.equal(properties["rsaBits"], 2048);
    });

    it("is replaced by any change of input, and the whole key shows as changing", async () => {
      const inputs = { algorithm: "ECDSA", ecdsaCurve: "P256" };
      const created = await keys.create(inputs);
      assert.deepEqual(await keys.diff(created, inputs, inputs), {
        changes: "none",
        replaces: [],
        diffs: [],
        detailed: undefined,
      });
      const { replaces, diffs } = await keys.diff(created, { ...inputs, ecdsaCurve: "P384" }, inputs);
      assert.deepEqual(replaces, ["ecdsaCurve"]);
      assert.deepEqual(diffs, [
        "ecdsaCurve",
        "id",
        "privateKeyOpenssh",
        "privateKeyPem",
        "privateKeyPemPkcs8",
        "publicKeyFingerprintMd5",
        "publicKeyFingerprintSha256",
        "publicKeyOpenssh",
        "publicKeyPem",
      ]);
    });

    it("refuses an unknown algorithm, a missing one, and an import", async () => {
      assert.match((await keys.check({ algorithm: "DSA" })).failures[0]?.reason ?? "", /one of RSA, ECDSA, ED25519/);
      assert.equal((await keys.check({})).failures[0]?.reason, "Missing required property 'algorithm'.");
      await assert.rejects(keys.read("x"), /cannot be imported/);
    });
  });

  describe("SelfSignedCert", () => {
    for (const [name, inputs] of KEYS) {
      it(`${name}: openssl verifies it`, async () => {
        const { created } = await newAuthority({}, await newKey(inputs));
        const path = file("ca.pem", text(created.properties["certPem"]));
        assert.match(openssl("verify", "-x509_strict", "-check_ss_sig", "-CAfile", path, path), /: OK/);
      });
    }

    it("carries subject, names, usages and key ids", async () => {
      const { created } = await newAuthority({
        subject: { commonName: "ü", organization: "o", country: "DE", streetAddresses: ["b", "a"] },
        dnsNames: ["a.example", "*.b.example"],
        ipAddresses: ["10.0.0.1", "fd00::1"],
        uris: ["spiffe://x/y"],
        allowedUses: ["cert_signing", "digital_signature", "server_auth", "client_auth"],
        setAuthorityKeyId: true,
        maxPathLength: 1,
      });
      const certificate = new X509Certificate(text(created.properties["certPem"]));
      assert.equal(certificate.subject, "C=DE\nstreet=a + street=b\nO=o\nCN=ü");
      assert.equal(
        certificate.subjectAltName,
        "DNS:a.example, DNS:*.b.example, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, URI:spiffe://x/y",
      );
      assert.equal(certificate.ca, true);
      assert.equal(BigInt(`0x${certificate.serialNumber}`).toString(), created.id);
      const shown = openssl("x509", "-noout", "-text", "-in", file("c.pem", certificate.toString()));
      assert.match(shown, /Key Usage: critical\n\s+Digital Signature, Certificate Sign\n/);
      assert.match(shown, /TLS Web Server Authentication, TLS Web Client Authentication/);
      assert.match(shown, /CA:TRUE, pathlen:1/);
      const id = /Subject Key Identifier: \n\s+(\S+)/.exec(shown)?.[1] ?? "none";
      assert.match(shown, new RegExp(`Authority Key Identifier: \\n\\s+(keyid:)?${id}`));
    });

    it("writes no path limit for 0, as the official plugin does not", async () => {
      const { created } = await newAuthority({ maxPathLength: 0 });
      const shown = openssl("x509", "-noout", "-text", "-in", file("c.pem", text(created.properties["certPem"])));
      assert.match(shown, /CA:TRUE\n/);
      assert.equal(created.properties["maxPathLength"], 0);
    });

    it("makes certificates that are valid where a clock is some minutes behind", async () => {
      const { created } = await newAuthority();
      const { certPem, validityStartTime } = created.properties;
      const { validFromDate } = new X509Certificate(text(certPem));
      const backdated = Date.parse(text(validityStartTime)) - validFromDate.getTime();
      // Certificates have whole seconds.
      assert.ok(backdated >= 300_000 && backdated < 301_000, String(backdated));
    });

    it("keeps inputs, defaults and a secret key in the state", async () => {
      const { created, inputs } = await newAuthority();
      const { certPem, validityStartTime, validityEndTime, ...rest } = created.properties;
      assert.deepEqual(rest, {
        ...inputs,
        id: created.id,
        earlyRenewalHours: 0,
        keyAlgorithm: "ECDSA",
        readyForRenewal: false,
        setAuthorityKeyId: false,
        setSubjectKeyId: false,
      });
      assert.ok(text(certPem).endsWith("-----END CERTIFICATE-----\n"));
      assert.equal(Date.parse(text(validityEndTime)) - Date.parse(text(validityStartTime)), 100 * 3_600_000);
    });

    for (const [name, change, replaces] of [
      ["dnsNames", { dnsNames: ["x"] }, ["dnsNames"]],
      ["subject", { subject: { commonName: "other", organization: "o" } }, ["subject"]],
      ["validityPeriodHours", { validityPeriodHours: 5 }, ["validityPeriodHours"]],
      ["allowedUses", { allowedUses: ["cert_signing"] }, ["allowedUses"]],
      ["maxPathLength", { maxPathLength: 2 }, ["maxPathLength"]],
      ["an unknown key", { privateKeyPem: secret(UNKNOWN) }, ["privateKeyPem"]],
      ["earlyRenewalHours outside of the window", { earlyRenewalHours: 10 }, []],
    ] as [string, PropertyMap, string[]][]) {
      it(`${name}: ${replaces.length > 0 ? "replaces" : "updates"}`, async () => {
        const { created, inputs } = await newAuthority();
        const diff = await selfSigned.diff(created, { ...inputs, ...change }, inputs);
        assert.deepEqual(diff.replaces, replaces);
        assert.deepEqual(diff.diffs, Object.keys(change));
      });
    }

    it("updates earlyRenewalHours in the state and leaves the certificate alone", async () => {
      const { created, inputs } = await newAuthority();
      const properties = await selfSigned.update(created, { ...inputs, earlyRenewalHours: 10 });
      assert.deepEqual(properties, { ...created.properties, earlyRenewalHours: 10 });
    });

    it("is replaced by the next update once its renewal time has come", async () => {
      const { created, inputs } = await newAuthority();
      const due = { id: created.id, properties: { ...created.properties, validityEndTime: "2020-01-01T00:00:00Z" } };
      const { replaces, diffs } = await selfSigned.diff(due, inputs, inputs);
      assert.deepEqual([replaces, diffs], [["readyForRenewal"], ["readyForRenewal"]]);
      assert.equal((await selfSigned.read(due.id, due.properties, inputs)).properties["readyForRenewal"], true);
      const early = await selfSigned.diff(created, { ...inputs, earlyRenewalHours: 1000 }, inputs);
      assert.deepEqual([early.replaces, early.diffs], [["readyForRenewal"], ["earlyRenewalHours", "readyForRenewal"]]);
    });

    it("is ready for renewal at once when its window is longer than its life", async () => {
      const { created } = await newAuthority({ earlyRenewalHours: 100 });
      assert.equal(created.properties["readyForRenewal"], true);
    });

    it("may live for a part of an hour", async () => {
      const { created, inputs } = await newAuthority({ validityPeriodHours: 0.25, earlyRenewalHours: 0.1 });
      const { validityStartTime, validityEndTime, readyForRenewal } = created.properties;
      assert.equal(Date.parse(text(validityEndTime)) - Date.parse(text(validityStartTime)), 900_000);
      assert.equal(readyForRenewal, false);
      const due = { ...inputs, earlyRenewalHours: 0.25 };
      assert.deepEqual((await selfSigned.diff(created, due, inputs)).replaces, ["readyForRenewal"]);
    });

    it("tells bad input apart, and never shows the key", async () => {
      const { inputs } = await newAuthority();
      const bad = { ...inputs, allowedUses: ["nope"], validityPeriodHours: -1, ipAddresses: [""] };
      const { failures } = await selfSigned.check({ ...bad, privateKeyPem: ["SECRET"] });
      assert.deepEqual(failures.map(({ reason }) => reason.split(":")[0]).sort(), [
        "allowedUses",
        "ipAddresses",
        "privateKeyPem must be a string.",
        "validityPeriodHours",
      ]);
      // The engine prints the value of a property that a failure names.
      assert.ok(failures.every(({ property, reason }) => property === "" && !reason.includes("SECRET")));
      await assert.rejects(
        selfSigned.create({ ...inputs, privateKeyPem: "SECRET" }),
        /privateKeyPem is not PEM: it has no/,
      );
      await assert.rejects(selfSigned.create({ ...inputs, subject: {} }), /needs a subject/);
      await assert.rejects(selfSigned.create({ ...inputs, ipAddresses: ["1.2.3"] }), /"1\.2\.3" is not an IP address/);
    });
  });

  describe("CertRequest and LocallySignedCert", () => {
    for (const [name, inputs] of KEYS) {
      it(`${name}: openssl verifies request and chain`, async () => {
        const authority = await newAuthority();
        const key = await newKey(inputs);
        const names = { dnsNames: ["a.example"], ipAddresses: ["10.0.0.1"], subject: { commonName: "leaf" } };
        const request = await requests.create({ privateKeyPem: secret(key), ...names });
        const requestPem = text(request.properties["certRequestPem"]);
        openssl("req", "-verify", "-noout", "-in", file("r.pem", requestPem));
        const caPem = text(authority.created.properties["certPem"]);
        const leaf = await leaves.create({
          certRequestPem: requestPem,
          caCertPem: caPem,
          caPrivateKeyPem: secret(authority.key),
          allowedUses: ["server_auth", "digital_signature"],
          validityPeriodHours: 5,
        });
        const certificate = new X509Certificate(text(leaf.properties["certPem"]));
        assert.ok(certificate.checkIssued(new X509Certificate(caPem)));
        assert.ok(certificate.verify(new X509Certificate(caPem).publicKey));
        assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
        assert.equal(certificate.checkIP("10.0.0.1"), "10.0.0.1");
        const ca = file("ca.pem", caPem);
        const path = file("leaf.pem", certificate.toString());
        const verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "a.example"];
        assert.match(openssl(...verify, "-CAfile", ca, path), /: OK/);
        assert.deepEqual([leaf.properties["caKeyAlgorithm"], leaf.id], ["ECDSA", leaf.properties["id"]]);
      });
    }

    it("refuse a key that is not the authority's, and PEM of another kind", async () => {
      const { created } = await newAuthority();
      const request = await requests.create({ privateKeyPem: secret(await newKey()) });
      const inputs = {
        certRequestPem: text(request.properties["certRequestPem"]),
        caCertPem: text(created.properties["certPem"]),
        caPrivateKeyPem: secret(await newKey()),
        allowedUses: [],
        validityPeriodHours: 5,
      };
      await assert.rejects(leaves.create(inputs), /caPrivateKeyPem is not the key of caCertPem/);
      await assert.rejects(leaves.create({ ...inputs, certRequestPem: inputs.caCertPem }), /not PEM of the kind/);
    });

    it("a new dnsName replaces the request, and an unknown request the certificate", async () => {
      const inputs = { privateKeyPem: secret(await newKey()), dnsNames: ["a"] };
      const created = await requests.create(inputs);
      const diff = await requests.diff(created, { ...inputs, dnsNames: ["a", "b"] }, inputs);
      assert.deepEqual([diff.replaces, diff.diffs], [["dnsNames"], ["dnsNames"]]);
    });
  });
});
