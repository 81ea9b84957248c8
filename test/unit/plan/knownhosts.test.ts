import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { lookUpHostKey } from "../../../plan/knownhosts.ts";

const salt = Buffer.from("0123456789abcdef0123").toString("base64");
const hashed = `|1|${salt}|${createHmac("sha1", Buffer.from(salt, "base64")).update("192.0.2.3").digest("base64")}`;
const file = `# a comment
192.0.2.1 ssh-rsa RSA
192.0.2.1,host1 ssh-ed25519 ED
[192.0.2.1]:2222 ssh-ed25519 OTHER
${hashed} ecdsa-sha2-nistp256 HASHED
@cert-authority * ssh-ed25519 CA
* ssh-ed25519 WILD
`;

describe("plan/knownhosts", () => {
  it("finds plain, listed, ported and hashed names, and prefers Ed25519", () => {
    assert.equal(lookUpHostKey(file, "192.0.2.1", 22), "ssh-ed25519 ED");
    assert.equal(lookUpHostKey(file, "192.0.2.1", 2222), "ssh-ed25519 OTHER");
    assert.equal(lookUpHostKey(file, "192.0.2.3", 22), "ecdsa-sha2-nistp256 HASHED");
  });

  it("does not take authorities or wildcards for a pin", () => {
    assert.equal(lookUpHostKey(file, "192.0.2.9", 22), undefined);
  });
});
