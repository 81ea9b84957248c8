import assert from "node:assert/strict";
import { commandProvider } from "../../../plugins/command/index.ts";
import type { ProviderDefinition } from "../../../plugins/provider/types.ts";
import { type PropertyMap, secret } from "../../../plugins/provider/values.ts";
import { randomProvider } from "../../../plugins/random/index.ts";
import { tlsProvider } from "../../../plugins/tls/index.ts";
import { ProviderClient } from "./client.ts";

/** Outputs in the form in which the official plugins leave them, their own marks and times with nanoseconds included. */
const STATES: [ProviderDefinition, string, string, { inputs: PropertyMap; outputs: PropertyMap }][] = [
  [
    randomProvider,
    "random:index/randomPassword:RandomPassword",
    "none",
    {
      inputs: { length: 8, special: false },
      outputs: {
        __meta: '{"schema_version":"3"}',
        __pulumi_raw_state_delta: {
          obj: { ps: { keepers: { replace: { raw: null } }, overrideSpecial: { replace: { raw: null } } } },
        },
        bcryptHash: secret("$2a$10$x"),
        id: "none",
        length: 8,
        lower: true,
        minLower: 0,
        minNumeric: 0,
        minSpecial: 0,
        minUpper: 0,
        number: true,
        numeric: true,
        result: secret("abcdefgh"),
        special: false,
        upper: true,
      },
    },
  ],
  [
    tlsProvider,
    "tls:index/selfSignedCert:SelfSignedCert",
    "130388554683397758705359944324935527297",
    {
      inputs: {
        allowedUses: ["cert_signing"],
        isCaCertificate: true,
        privateKeyPem: secret("key"),
        subject: { commonName: "ca" },
        validityPeriodHours: 876000,
      },
      outputs: {
        __pulumi_raw_state_delta: { obj: { ps: { allowedUses: { arr: {} } } } },
        allowedUses: ["cert_signing"],
        certPem: "certificate",
        earlyRenewalHours: 0,
        id: "130388554683397758705359944324935527297",
        isCaCertificate: true,
        keyAlgorithm: "ECDSA",
        privateKeyPem: secret("key"),
        readyForRenewal: false,
        setAuthorityKeyId: false,
        setSubjectKeyId: false,
        subject: { commonName: "ca" },
        validityEndTime: "2126-11-26T13:30:45.243168476Z",
        validityPeriodHours: 876000,
        validityStartTime: "2026-11-22T09:30:45.243168476Z",
      },
    },
  ],
  [
    commandProvider,
    "command:remote:Command",
    "bundle88bad11f",
    {
      inputs: {
        connection: secret({ dialErrorLimit: 10, host: "h", perDialTimeout: 15, port: 22, user: "root" }),
        create: "true",
      },
      outputs: {
        connection: secret({ dialErrorLimit: 10, host: "h", perDialTimeout: 15, port: 22, user: "root" }),
        create: "true",
        stderr: "",
        stdout: "x",
      },
    },
  ],
];

describe("a state that the official plugins made", () => {
  for (const [definition, type, id, { inputs, outputs }] of STATES) {
    it(`shows no change for ${type}`, async () => {
      const client = await ProviderClient.start(definition, type);
      try {
        const checked = await client.check(inputs);
        assert.deepEqual(checked, { inputs, failures: [] });
        const diff = await client.diff({ id, properties: outputs }, checked.inputs, inputs);
        assert.deepEqual([diff.changes, diff.replaces], ["none", []]);
        const read = await client.read(id, outputs, inputs);
        assert.equal(read.id, id);
        assert.deepEqual(read.inputs, inputs);
      } finally {
        await client.close();
      }
    });
  }
});
