import assert from "node:assert/strict";
import { renderResource } from "../../../plan/resources.ts";
import { BlockError } from "../../../plan/roles/block.ts";
import {
  aptRepository,
  archive,
  authorizedKeys,
  blockInFile,
  certificateAuthority,
  command,
  download,
  filesystem,
  hostsEntry,
  logicalVolume,
  mount,
  packageHeld,
  rpmRepository,
  swap,
  volumeGroup,
  type Block,
} from "../../../roles.ts";
import { selfSigned } from "../../support/certificates.ts";

const lines = ({ resources = [] }: Block): string[] => resources.map(renderResource);
const refused = (make: () => Block, said: RegExp): void => {
  assert.throws(make, (error) => error instanceof BlockError && said.test(error.message));
};
const sha256 = "a".repeat(64);

describe("blocks of roles", () => {
  it("have lines of files", () => {
    assert.deepEqual(lines(blockInFile("/etc/fstab", "nfs", ["a b", "# c|d"])), [
      "resource block /etc/fstab#nfs -- /etc/fstab # - a%040b%012#%040c%174d",
    ]);
    assert.deepEqual(lines(blockInFile("/etc/sudoers", "x", "a\n", { validate: "visudo -cf %", comment: "//" })), [
      "resource block /etc/sudoers#x -- /etc/sudoers // visudo%040-cf%040%045 a",
    ]);
    assert.deepEqual(lines(hostsEntry("192.0.2.9", "nas.example.com", "nas")), [
      "resource block /etc/hosts#hosts-192.0.2.9 -- /etc/hosts # - 192.0.2.9%040nas.example.com%040nas",
    ]);
    refused(() => blockInFile("/etc/x", "a b", "x"), /the name of the lines of \/etc\/x "a b" must be/);
    refused(() => blockInFile("/etc/x", "a", "\n"), /must be text/);
    refused(() => blockInFile("/etc/x", "a", "b", { validate: "true" }), /of which one word is %/);
    refused(() => hostsEntry("nas", "nas"), /must be one of IPv4 or IPv6, found "nas"/);
    refused(() => hostsEntry("192.0.2.9", "-"), /must be the name of a host/);
  });

  it("have keys of users, and no text that is none", () => {
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI ann@example.com";
    assert.deepEqual(lines(authorizedKeys("ann", [`restrict,command="x" ${key}`], { only: true })), [
      `resource authorized ann -- only ${`restrict,command=%042x%042 ${key}`.replaceAll(" ", "%040")}`,
    ]);
    refused(() => authorizedKeys("ann", []), /the user ann must have a key/);
    refused(
      () => authorizedKeys("ann", ["-----BEGIN OPENSSH PRIVATE KEY-----"]),
      /must be a line of an authorized_keys file/,
    );
    refused(() => authorizedKeys("ann", [`${key}\n${key}`]), /a key of ann/);
  });

  it("have packages of a version, and where they come from", () => {
    assert.deepEqual(lines(packageHeld("chrony", { version: "4.3-2+deb12u1" })), [
      "resource package chrony -- 4.3-2+deb12u1",
      "resource hold chrony --",
    ]);
    const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n";
    const [source] =
      aptRepository("site", { uris: "https://deb.example.com", suites: "bookworm", components: "main", key })
        .resources ?? [];
    assert.ok(source?.kind === "source");
    assert.equal(source.key, "/etc/apt/sources.list.d/site.sources");
    assert.equal(
      source.text,
      [
        "Types: deb",
        "URIs: https://deb.example.com",
        "Suites: bookworm",
        "Components: main",
        "Signed-By:",
        " -----BEGIN PGP PUBLIC KEY BLOCK-----",
        " .",
        " mQ==",
        " -----END PGP PUBLIC KEY BLOCK-----",
      ].join("\n"),
    );
    const rpm = { baseurl: "https://rpm.example.com/$releasever", gpgkey: "https://rpm.example.com/key" };
    assert.equal(rpmRepository("site", "rhel", rpm).resources?.[0]?.key, "/etc/yum.repos.d/site.repo");
    assert.equal(rpmRepository("site", "suse", rpm).resources?.[0]?.key, "/etc/zypp/repos.d/site.repo");
    const uris = "https://me:secret@deb.example.com";
    refused(() => aptRepository("site", { uris, suites: "x", key }), /must have no login in its address/);
    refused(
      () => aptRepository("site", { uris: "https://a", suites: "x", key: "mQ==" }),
      /the key of the repository site must be the text/,
    );
  });

  it("have authorities in one writing, and nothing that is none", () => {
    const pem = selfSigned("DNS:ca.example.com").certificate;
    const text = lines(certificateAuthority("corp", `comment\n${pem.replaceAll("\n", "\r\n")}`))[0] ?? "";
    assert.equal(text, lines(certificateAuthority("corp", pem))[0]);
    assert.match(text, /^resource anchor corp -- -----BEGIN%040CERTIFICATE-----%012/);
    refused(() => certificateAuthority("corp", "x"), /must be one certificate in PEM, found 0/);
    refused(() => certificateAuthority("corp", pem + pem), /found 2/);
    refused(
      () => certificateAuthority("corp", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
      /cannot be read/,
    );
  });

  it("have disks, by sizes and names that leave no doubt", () => {
    assert.deepEqual(lines(filesystem("/dev/data/etcd", "xfs", { label: "etcd" })), [
      "resource filesystem /dev/data/etcd -- xfs etcd",
    ]);
    assert.deepEqual(lines(volumeGroup("data", ["/dev/sdb", "/dev/sdc"])), [
      "resource volumegroup data -- /dev/sdb,/dev/sdc",
    ]);
    assert.deepEqual(lines(logicalVolume("data", "etcd", "2GiB")), ["resource volume data/etcd -- 2147483648"]);
    assert.deepEqual(lines(logicalVolume("data", "rest", "100%")), ["resource volume data/rest -- 100%045"]);
    for (const size of ["2GB", "0GiB", "-1GiB", "101%", "0%", "1.5TiB", ""])
      refused(() => logicalVolume("data", "etcd", size), /must be a whole number with MiB, GiB or TiB/);
    refused(() => filesystem("sdb", "xfs"), /must be a path below \/dev/);
    refused(() => volumeGroup("my-data", ["/dev/sdb"]), /the volume group "my-data" must be/);
    const mounted = mount("LABEL=etcd", "/var/lib/etcd", {
      type: "xfs",
      options: "noatime",
      requiredBy: ["etcd.service"],
    });
    assert.deepEqual(mounted.units, ["var-lib-etcd.mount"]);
    assert.deepEqual(mounted.files?.[0]?.content.split("\n").slice(0, 7), [
      "[Unit]",
      "Description=/var/lib/etcd",
      "Before=etcd.service",
      "[Mount]",
      "What=LABEL=etcd",
      "Where=/var/lib/etcd",
      "Type=xfs",
    ]);
    refused(() => mount("a", "/srv/my-data"), /choose another, such as \/srv\/my_data/);
    refused(() => mount("a b", "/srv"), /must have no blanks/);
    const swapped = swap("/swap", "1GiB");
    assert.deepEqual(swapped.units, ["swap.swap"]);
    assert.deepEqual(lines(swapped), ["resource swapfile /swap restart=swap.swap -- 1073741824"]);
  });

  it("fetch by a digest, from where no login is needed", () => {
    assert.deepEqual(archive("/opt/tool", { from: "https://example.com/tool.tgz", sha256, strip: 1 }), {
      downloads: [
        { path: "/opt/tool.archive", mode: "0644", owner: "root:root", source: "https://example.com/tool.tgz", sha256 },
      ],
      resources: [{ kind: "archive", key: "/opt/tool", file: "/opt/tool.archive", sha256, strip: 1 }],
    });
    refused(() => download("/x", { from: "https://me@example.com/x", sha256 }), /without a login/);
    refused(() => download("/x", { from: "../x", sha256 }), /or a path below the artifact server/);
    refused(() => download("/x", { from: "x", sha256: "1" }), /the sha256 of \/x "1" must be 64/);
    refused(() => archive("/opt", { from: "x", sha256 }), /must lie in one of its own/);
  });

  it("run commands that say when they are needed", () => {
    assert.deepEqual(lines(command("init", { run: "a b", creates: "/made" })), [
      "resource command init -- /made - a%040b - root 300",
    ]);
    refused(() => command("init", { run: " ", creates: "/made" }), /must say what a shell is to run/);
    refused(() => command("init", { run: "x" } as never), /must say when it is run/);
    refused(
      () => command("init", { run: "x", unless: "y", seconds: 0 }),
      /the seconds of the command init 0 must be at least 1/,
    );
  });
});
