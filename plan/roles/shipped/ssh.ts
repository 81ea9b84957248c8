import { z } from "zod";
import { oneLine } from "../../texts.ts";
import { directory, file } from "../blocks/files.ts";
import type { Block } from "../block.ts";
import { defineRole } from "../define.ts";

const name = oneLine.regex(/^[A-Za-z0-9_][A-Za-z0-9_.*?@:-]*$/, "must be the name of a user or group");
const certificate = oneLine.regex(
  /^(ssh|ecdsa|sk)-[a-z0-9@.-]+-cert-v01@openssh\.com [A-Za-z0-9+/=]+( .*)?$/,
  "must be a certificate of a host key, as ssh-keygen -s writes it",
);
const authority = oneLine.regex(
  /^((sk-)?(ssh|ecdsa)-[a-z0-9@.-]+) [A-Za-z0-9+/=]+( .*)?$/,
  "must be a public key of SSH",
);

const folder = "/etc/ssh/plinth";

/**
 * A server of SSH that takes keys alone, and says by certificates who it is. It never locks out the user by whom Plinth reaches the host: what
 * would is a finding, and what cannot be known before is taken back by the host itself, where the run does not reach it anew.
 */
export const ssh = defineRole({
  name: "ssh",
  confirm: 120,
  parameters: z.object({
    /** Whether users may log in with passwords. */
    passwords: z.boolean().default(false),
    /** Whether root may log in: with a key, or not at all. */
    root: z.enum(["keys", "no"]).default("keys"),
    /** Who may log in; patterns as in sshd_config(5). Default: everybody. The user by whom Plinth comes always may. */
    allowUsers: z.array(name).default([]),
    /** Groups whose users may log in. Default: all. */
    allowGroups: z.array(name).default([]),
    /** The host's certificate, for its key of Ed25519. Its authority stands in known_hosts of those who come (`@cert-authority`). */
    hostCertificate: certificate.optional(),
    /** Authorities whose certificates let users in. */
    userAuthorities: z.array(authority).default([]),
    /** Whether connections may be forwarded: agents, ports and displays. */
    forwarding: z.boolean().default(true),
    /** Seconds without an answer after which a connection ends, in three tries. */
    aliveSeconds: z.int().min(1).max(3600).default(60),
  }),
  plan: ({ host, config, parameters, facts }): Block[] => {
    const { passwords, root, allowUsers, allowGroups, hostCertificate, userAuthorities, forwarding } = parameters;
    const operator = host.user ?? config.sshUser ?? "root";
    if (operator === "root" && root === "no")
      throw new Error(
        "Plinth reaches this host as root, and its parameter root says no: set `user` of the host, or root: keys",
      );
    if (allowGroups.length > 0 && allowUsers.length === 0)
      throw new Error(
        `it has allowGroups without allowUsers, and whether the user ${operator}, by whom Plinth comes, is in them is not known: name users, too`,
      );
    const hardened = file("/etc/ssh/sshd_config.d/10-plinth.conf", {
      mode: "0600",
      content: [
        `PasswordAuthentication ${passwords ? "yes" : "no"}`,
        "KbdInteractiveAuthentication no",
        "PermitEmptyPasswords no",
        `PermitRootLogin ${root === "no" ? "no" : "prohibit-password"}`,
        "PubkeyAuthentication yes",
        "MaxAuthTries 4",
        "LoginGraceTime 30",
        `ClientAliveInterval ${parameters.aliveSeconds}`,
        "ClientAliveCountMax 3",
        "X11Forwarding no",
        `AllowTcpForwarding ${forwarding ? "yes" : "no"}`,
        `AllowAgentForwarding ${forwarding ? "yes" : "no"}`,
        "KexAlgorithms -diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1",
        "Ciphers -3des-cbc,aes128-cbc,aes192-cbc,aes256-cbc",
        "MACs -hmac-md5*,hmac-sha1*,umac-64*",
        ...(allowUsers.length === 0 ? [] : [`AllowUsers ${[...new Set([operator, ...allowUsers])].join(" ")}`]),
        ...(allowGroups.length === 0 ? [] : [`AllowGroups ${allowGroups.join(" ")}`]),
        ...(hostCertificate === undefined ? [] : [`HostCertificate ${folder}/host-cert.pub`]),
        ...(userAuthorities.length === 0 ? [] : [`TrustedUserCAKeys ${folder}/user-authorities.pub`]),
      ].join("\n"),
      validate: "sshd -t -f %",
      // Connections that are there stay.
      reload: facts.family === "debian" ? "ssh.service" : "sshd.service",
    });
    const unit = { reload: facts.family === "debian" ? "ssh.service" : "sshd.service" };
    return [
      ...(hostCertificate === undefined && userAuthorities.length === 0 ? [] : [directory(folder)]),
      ...(hostCertificate === undefined
        ? []
        : [file(`${folder}/host-cert.pub`, { content: hostCertificate, ...unit })]),
      ...(userAuthorities.length === 0
        ? []
        : [file(`${folder}/user-authorities.pub`, { content: userAuthorities.join("\n"), ...unit })]),
      hardened,
    ];
  },
});
