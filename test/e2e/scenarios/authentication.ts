import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { hosts, startTimes } from "../support/hosts.ts";
import { Inside, operatorAddress } from "../support/inside.ts";
import { Kube } from "../support/kube.ts";
import { Poller } from "../support/poller.ts";
import { changedLines } from "../support/preview.ts";
import type { Project } from "../support/project.ts";

interface Issuer {
  url: string;
  caFile: string;
}

const apiServers = ["10.27.0.11", "10.27.0.12", "10.27.0.13"].map((address) => `https://${address}:6443`);
const alice = { sub: "alice", aud: "kubernetes", groups: ["dev"] };

/** People who log in with tokens of an OpenID Connect issuer. */
export function authentication(project: Project): void {
  describe("an issuer of tokens", () => {
    let company: Inside<Issuer>;
    let partner: Inside<Issuer>;
    let admin: Kube;

    before(async () => {
      [company, partner, admin] = await Promise.all([
        Inside.start<Issuer>(project, "issuer-process.ts", operatorAddress),
        Inside.start<Issuer>(project, "issuer-process.ts", operatorAddress),
        Kube.open(project),
      ]);
    });
    after(async () => {
      admin.close();
      await Promise.all([company.stop(), partner.stop()]);
    });

    const described = ({ begin }: Inside<Issuer>, prefix: string) => ({
      issuer: { url: begin.url, caFile: begin.caFile, audiences: ["kubernetes"] },
      claimMappings: { username: { claim: "sub", prefix }, groups: { claim: "groups", prefix } },
    });
    const configure = (...jwt: object[]) => {
      project.configure("authentication", JSON.stringify({ jwt }));
    };
    /** kubectl with a token and nothing else. */
    const holding = async (issuer: Inside<Issuer>, claims: object): Promise<Kube> => {
      const token = await issuer.ask(JSON.stringify(claims));
      const kubeconfig = parse(await project.kubeconfig()) as { users: { user: unknown }[] };
      for (const entry of kubeconfig.users) entry.user = { token };
      return Kube.open(project, stringify(kubeconfig));
    };
    /** Who every API server takes the bearer of a token for; what kubectl says where one does not know them. */
    const whoIs = async (issuer: Inside<Issuer>, claims: object): Promise<string[]> => {
      const kube = await holding(issuer, claims);
      try {
        const runs = apiServers.map((server) => kube.run("auth", "whoami", `--server=${server}`, "-o", "json"));
        return (await Promise.all(runs)).map(({ code, stdout, text }) => {
          if (code !== 0) return text.trim();
          const { userInfo } = (JSON.parse(stdout) as { status: { userInfo: { username: string; groups: string[] } } })
            .status;
          return `${userInfo.username} ${userInfo.groups.join()}`;
        });
      } finally {
        kube.close();
      }
    };
    const everywhere = (text: string) => apiServers.map(() => text);

    /** Runs `up`, which must restart no API server and hold up no client. */
    const upWithoutRestart = async (): Promise<void> => {
      const before = await Promise.all(hosts.map((host) => startTimes(project, host)));
      const alone = await Poller.start(project, { path: "/api/v1/namespaces/default" });
      const shared = await Poller.start(project, { path: "/api/v1/namespaces/default", http2: true });
      await project.expect(0, "up", "--yes");
      for (const report of await Promise.all([alone.stop(), shared.stop()])) assert.deepEqual(report.failures, []);
      assert.deepEqual(await Promise.all(hosts.map((host) => startTimes(project, host))), before);
    };

    it("is judged before anything is touched, all findings at once", async () => {
      const { claimMappings, issuer } = described(company, "system:");
      configure({ claimMappings, issuer: { ...issuer, url: "http://id.example.com", audiences: [] } });
      const { text } = await project.expect(2, "preview");
      assert.match(text, /jwt\[0\]\.issuer\.url http:\/\/id\.example\.com is not https/);
      assert.match(text, /jwt\[0\]\.issuer\.audiences is empty/);
      assert.match(text, /claimMappings\.username\.prefix system: begins with system:/);
      configure({ ...described(company, "oidc:"), issuer: { ...issuer, caFile: "/nowhere.pem" } });
      const missing = await project.expect(2, "preview");
      assert.match(missing.text, /jwt\[0\]\.issuer\.caFile \/nowhere\.pem cannot be read \(ENOENT\)/);
    });

    it("shows in the preview line by line, with its authority", async () => {
      configure(described(company, "oidc:"));
      const { stdout } = await project.expect(0, "preview", "--diff");
      for (const host of hosts) {
        const shown = changedLines(stdout).get(`apiserver on ${host}`);
        assert.ok(shown?.includes(`+|      url: ${company.begin.url}`), stdout);
      }
      assert.match(stdout, /^\s*\+\| {6}certificateAuthority: \|$/m);
      assert.match(stdout, /Plan: 3 to update\./);
    });

    it("reaches all API servers without a restart, and no client sees a failed request", async () => {
      await upWithoutRestart();
      assert.deepEqual(await whoIs(company, alice), everywhere("oidc:alice oidc:dev,system:authenticated"));
    });

    it("gives its users the rights of their groups, and nothing to tokens for others", async () => {
      await admin.ask("create", "rolebinding", "developers", "--clusterrole=view", "--group=oidc:dev", "-n", "default");
      const kube = await holding(company, alice);
      try {
        await kube.ask("get", "pods", "-n", "default");
        assert.match((await kube.run("get", "secrets", "-n", "default")).text, /Forbidden/);
        assert.match((await kube.run("get", "pods", "-n", "kube-system")).text, /Forbidden/);
      } finally {
        kube.close();
        await admin.ask("delete", "rolebinding", "developers", "-n", "default");
      }
      for (const text of await whoIs(company, { ...alice, aud: "another" }))
        assert.match(text, /Unauthorized|logged in/);
      for (const text of await whoIs(partner, alice)) assert.match(text, /Unauthorized|logged in/);
    });

    it("is joined by another one, without a restart and a failed request", async () => {
      configure(described(company, "oidc:"), described(partner, ""));
      await upWithoutRestart();
      assert.deepEqual(await whoIs(partner, { ...alice, sub: "bob" }), everywhere("bob dev,system:authenticated"));
      assert.deepEqual(await whoIs(company, alice), everywhere("oidc:alice oidc:dev,system:authenticated"));
      // Without a prefix a token could name anybody.
      for (const claims of [{ sub: "system:admin" }, { groups: ["system:masters"] }, { sub: "plinth:roster:cp1" }])
        for (const text of await whoIs(partner, { ...alice, ...claims })) assert.match(text, /Unauthorized|logged in/);
    });

    it("is put back on the first host when the API server refuses it; the others are not touched", async () => {
      const rule = { expression: "user.nobody == 'knows'" };
      configure(described(company, "oidc:"), { ...described(partner, ""), userValidationRules: [rule] });
      const before = await Promise.all(hosts.map((host) => startTimes(project, host)));
      const poller = await Poller.start(project, { path: "/api/v1/namespaces/default" });
      const { text } = await project.expect(1, "up", "--yes");
      assert.deepEqual((await poller.stop()).failures, []);
      assert.match(text, /controlplane on cp1/);
      assert.match(text, /check config-in-use\): it does not take up \/etc\/kubernetes\/authentication\.yaml/);
      assert.match(text, /undefined field 'nobody'/);
      assert.match(text, /previous configuration was put back and is healthy/);
      assert.deepEqual(await Promise.all(hosts.map((host) => startTimes(project, host))), before);
      assert.deepEqual(await whoIs(partner, { ...alice, sub: "bob" }), everywhere("bob dev,system:authenticated"));
    });

    it("goes as it came", async () => {
      project.restore("Pulumi.lab.yaml");
      await upWithoutRestart();
      for (const text of await whoIs(company, alice)) assert.match(text, /Unauthorized|logged in/);
      await project.expect(0, "up", "--yes", "--expect-no-changes");
    });
  });
}
