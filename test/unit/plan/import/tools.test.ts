import assert from "node:assert/strict";
import { describeFinding } from "../../../../plan/findings.ts";
import type { ImportOptions, ImportResult } from "../../../../plan/import/index.ts";
import type { Sources } from "../../../../plan/import/sources.ts";
import type { Tool } from "../../../../plan/import/tools.ts";
import { imported, k0sctl, kubeasz, kubespray, ownIni, ownYaml } from "../../../support/inventories.ts";

const fileOf = ({ files = [] }: ImportResult, ending: string): string =>
  files.find(({ path }) => path.endsWith(ending))?.text ?? "";
const hasAll = (text: string, parts: readonly string[]): void => {
  for (const part of parts) assert.ok(text.includes(part), `${part} is in\n${text}`);
};
const run = (sources: Sources, options?: Partial<ImportOptions>) => {
  const result = imported(sources, options);
  assert.deepEqual(result.problems, []);
  assert.ok(!JSON.stringify(result).includes("hunter2"), "passwords are nowhere");
  return { ...result, hosts: fileOf(result, ".ts"), config: fileOf(result, ".yaml"), report: result.report ?? "" };
};
const oneFile = (text: string): Sources => ({ inventories: [{ path: "hosts", text }], groupVars: {}, hostVars: {} });

describe("plan/import: tools", function () {
  this.timeout(60_000);
  it("Kubespray's inventory becomes hosts with roles, labels and taints, and what its variables say", () => {
    const { tool, findings, hosts, config, report } = run(kubespray);
    assert.equal(tool, "kubespray");
    assert.deepEqual(findings, []);
    hasAll(hosts, [
      'roles: ["etcd", "control-plane", "load-balancer"],\n    sshAddress: "198.51.100.11",\n  },',
      'taints: [{ key: "dedicated", value: "db", effect: "NoSchedule" }]',
      "settings: { kubeletConfig: { maxPods: 64 } }",
      '{ name: "node5", address: "192.0.2.15", roles: ["worker"], zone: "a", labels: { "example.com/pool": "general" } }',
      'user: "root",\n    zone: "a",',
    ]);
    hasAll(config, [
      "plinth:vip: 192.0.2.10\n",
      "plinth:podCidr: 10.233.64.0/18\n",
      "plinth:clusterDomain: cluster.example\n",
      "plinth:network: none\n",
      "plinth:kubernetesVersion: 1.36.1\n",
      "plinth:sshUser: admin\n",
      "    - jump@gate.example.com\n",
      "    maxPods: 200\n",
      "    mode: ipvs\n",
      '    node-cidr-mask-size: "23"\n',
      "        - url: https://mirror.example.com\n",
    ]);
    hasAll(report, [
      "| kube_network_plugin | group_vars/k8s_cluster/k8s-cluster.yml | plinth:network | install calico yourself",
      "| kube_encrypt_token | group_vars/all/all.yml | is encrypted by Ansible Vault",
      "| calico_mtu | group_vars/k8s_cluster/k8s-cluster.yml | belongs to a pod network",
      "left out: 1 name that certificates do not hold",
    ]);
  });

  it("Kubespray's own defaults count where its inventory says nothing", () => {
    const { config, report } = run(oneFile("[kube_control_plane]\nn1 ip=192.0.2.1\n[etcd]\nn1\n[kube_node]\nn1\n"));
    hasAll(config, ["plinth:podCidr: 10.233.64.0/18", "plinth:serviceCidr: 10.233.0.0/18"]);
    hasAll(report, ["| default of Kubespray |", "Kubespray's default is Calico"]);
  });

  it("a load balancer in front of Kubespray's API servers stays what it is", () => {
    const text = `[kube-master]\nn1 ip=192.0.2.1\n[kube-node]\nn1\n[k8s-cluster:children]\nkube-master\nkube-node
[all:vars]\nloadbalancer_apiserver={"address": "192.0.2.100", "port": 8443}\napiserver_loadbalancer_domain_name=api.example.com\n`;
    const { tool, config, report } = run(oneFile(text));
    assert.equal(tool, "kubespray");
    hasAll(config, ["plinth:externalEndpoint: 192.0.2.100:8443", "    - api.example.com"]);
    hasAll(report, ["| members of etcd | groups | role etcd |"]);
  });

  it("kubeasz' hosts file and config.yml become a cluster with its own load balancers", () => {
    const { tool, findings, hosts, config, report } = run(kubeasz);
    assert.equal(tool, "kubeasz");
    assert.deepEqual(findings, []);
    hasAll(hosts, [
      '{ name: "master-03", address: "192.0.2.3", roles: ["etcd", "control-plane"] }',
      '{ name: "host-192-0-2-7", address: "192.0.2.7", roles: ["load-balancer"] }',
    ]);
    hasAll(config, [
      "plinth:clusterName: shop\n",
      "plinth:vip: 192.0.2.250\n",
      "service-node-port-range: 30000-40000\n",
      "    etcd: /data/etcd\n",
      "    maxPods: 150\n",
      "        - url: http://registry.example.com:5000\n",
    ]);
    hasAll(report, [
      "| EX_APISERVER_PORT |",
      "| host 192.0.2.8 | harbor |",
      "| group chrony |",
      "| prom_install | config.yml |",
    ]);
  });

  it("what kubeasz and Kubespray say of the way to the API servers is in the report also where nobody can read it", () => {
    const hidden = (name: string): Sources["groupVars"] => ({
      all: [{ path: "all.yml", text: `${name}: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  616263\n` }],
    });
    const masters = "[kube_master]\n192.0.2.1\n[etcd]\n192.0.2.1\n[ex_lb]\n192.0.2.2\n";
    hasAll(run({ ...oneFile(masters), groupVars: hidden("EX_APISERVER_VIP") }).report, [
      "| EX_APISERVER_VIP | all.yml |",
    ]);
    const planes = "[kube_control_plane]\nn1 ip=192.0.2.1\n[etcd]\nn1\n";
    hasAll(run({ ...oneFile(planes), groupVars: hidden("kube_vip_address") }).report, [
      "| kube_vip_address | all.yml |",
    ]);
  });

  it("config.yml is read where the inventory is kubeasz's, and is nobody's mistake elsewhere", () => {
    const extraVars = [{ path: "config.yml", text: "- no map\n" }];
    assert.match(
      imported({ ...kubeasz, extraVars })
        .problems.map(describeFinding)
        .join(),
      /config\.yml must be a map/,
    );
    const { report } = run({ ...ownIni, extraVars });
    hasAll(report, ["| file config.yml | config.yml | it would be kubeasz's, and this inventory is not |"]);
  });

  it("k0sctl's file becomes hosts by role, with labels and taints of its flags", () => {
    const { tool, findings, hosts, config, report } = run(k0sctl);
    assert.equal(tool, "k0sctl");
    assert.deepEqual(findings, []);
    hasAll(hosts, [
      'name: "c1"',
      'bastion: ["jump@gate.example.com"]',
      'interface: "eth1"',
      'roles: ["etcd", "control-plane", "worker", "load-balancer"]',
      'labels: { "example.com/gpu": "yes", "example.com/row": "b" }',
      'taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }]',
    ]);
    assert.doesNotMatch(hosts, /win/);
    hasAll(config, [
      "plinth:clusterName: edge\n",
      "plinth:vip: 192.0.2.100\n",
      "plinth:vipName: api.example.com\n",
      'plinth:virtualRouterId: "77"\n',
      'plinth:sshPort: "2222"\n',
      "plinth:serviceCidr: 10.96.0.0/12\n",
      "plinth:kubernetesVersion: 1.35.2\n",
    ]);
    hasAll(report, [
      "| spec.hosts.hooks |",
      "| spec.hosts.ssh.keyPath | k0sctl.yaml | plinth:sshPrivateKeyFile | hosts differ in it",
    ]);
  });

  it("inventories of one's own are read by what their groups are called", () => {
    const { tool, findings, hosts, config, report } = run(ownIni);
    assert.equal(tool, "ansible");
    assert.deepEqual(findings, []);
    hasAll(hosts, [
      'name: "w05", address: "192.0.2.21", roles: ["worker"], sshAddress: "w05.k8s.example.com", port: 2222, rack: "r1"',
      'name: "db-c"',
    ]);
    hasAll(config, ["plinth:vip: 192.0.2.10\n", "    - jump@gate.example.com:2200\n", "plinth:sshUser: ops\n"]);
    hasAll(report, [
      "| ansible_become_pass | hosts.ini:",
      "| role chrony | ansible/site.yml on all | the role time comes with Plinth",
      "| role kubeadm | ansible/site.yml on k8s | Plinth itself does it |",
      "| host grafana.example.com | monitoring |",
    ]);
    const k3s = run(ownYaml);
    hasAll(k3s.hosts, ['{ name: "host-192-0-2-11", address: "192.0.2.11", roles: ["etcd", "control-plane"] }']);
    hasAll(k3s.report, [
      "| token | inventory.yml (k3s_cluster) | is encrypted",
      "| api_endpoint | inventory.yml (k3s_cluster) | is a Jinja expression",
    ]);
  });

  it("groups that are called otherwise are what the operator says", () => {
    const text = "[alpha]\na ansible_host=192.0.2.1\n[beta]\nb ansible_host=192.0.2.2\n";
    const refused = imported(oneFile(text));
    assert.equal(refused.files, undefined);
    assert.match(
      refused.problems.map(describeFinding).join(),
      /no host whose groups speak of a role.*--group GROUP=ROLE/,
    );
    const { hosts } = run(oneFile(text), { groups: { alpha: ["etcd", "control-plane"], beta: ["worker"] } });
    hasAll(hosts, [
      '{ name: "a", address: "192.0.2.1", roles: ["etcd", "control-plane"] }',
      '{ name: "b", address: "192.0.2.2", roles: ["worker"] }',
    ]);
  });

  it("are said to be another's in vain, where a file of k0sctl is none of Ansible's", () => {
    const said = (sources: Sources, tool: Tool): string[] =>
      imported(sources, { tool }).problems.map(({ message }) => message);
    assert.deepEqual(said(ownIni, "k0sctl"), ["inventory is no file of k0sctl, as --tool says"]);
    assert.deepEqual(said(k0sctl, "ansible"), ["inventory is a file of k0sctl, and --tool says ansible"]);
    assert.deepEqual(said(k0sctl, "k0sctl"), []);
    assert.equal(run(kubespray, { tool: "ansible" }).tool, "ansible");
  });

  it("addresses that are not known are findings, until they are looked up", () => {
    const sources = oneFile("[masters]\nm.example.com\n");
    const first = run(sources);
    assert.deepEqual(first.unknown, ["m.example.com"]);
    assert.match(first.report, /- m: field 'address' must be an IPv4 address/);
    const second = run(sources, { addresses: new Map([["m.example.com", "192.0.2.1"]]) });
    assert.deepEqual(second.findings, []);
    hasAll(second.hosts, [
      '{ name: "m", address: "192.0.2.1", roles: ["etcd", "control-plane"], sshAddress: "m.example.com" }',
    ]);
  });

  it("settings that all Nodes have are the cluster's, whatever hosts have that are none", () => {
    const nodes = "[kube_control_plane]\nn1 ip=192.0.2.1\n[kube_node]\nn2 ip=192.0.2.2\n[etcd]\ne1 ip=192.0.2.3\n";
    const { hosts, config } = run(
      oneFile(`${nodes}[k8s_cluster:children]\nkube_control_plane\nkube_node
[k8s_cluster:vars]\nkubelet_max_pods=200\n`),
    );
    hasAll(config, ["    maxPods: 200\n"]);
    assert.doesNotMatch(hosts, /settings/);
    const other = run(
      oneFile(
        `${nodes}[all:vars]\nkubelet_max_pods=200\n[etcd:vars]\nadditional_sysctl=[{"name": "a.b", "value": "1"}]\n`,
      ),
    );
    hasAll(other.config, ["    maxPods: 200\n"]);
    hasAll(other.hosts, ['settings: { sysctls: { "a.b": "1" } }']);
  });

  it("users, ports and names that can be none are in the report, and not lost", () => {
    const { hosts, report } = run(
      oneFile(`[masters]\nm1 ansible_host=192.0.2.1 ansible_port=70000\nm2 ansible_host=192.0.2.2 ansible_user=ops
[workers]\nw1 ansible_host=192.0.2.3 ansible_user="o p s"\n[all:vars]\nansible_port=2222\n`),
    );
    hasAll(hosts, ['user: "ops"', "port: 2222"]);
    hasAll(report, [
      "| ansible_user | hosts:5 | is no name of a user who can log in",
      "| ansible_port | hosts:2 | is no port from 1 to 65535",
    ]);
    const text = (k0sctl.inventories[0]?.text ?? "")
      .replace("name: edge", "name: Edge_1")
      .replace("port: 2222", "port: ssh");
    hasAll(run({ ...k0sctl, inventories: [{ path: "k0sctl.yaml", text }] }).report, [
      "| metadata.name | k0sctl.yaml | is no DNS-1123 label of at most 40 characters |",
      "| spec.hosts.ssh.port | k0sctl.yaml | is no port",
    ]);
  });

  it("what is missing for a configuration does not hide what else is wrong with it", () => {
    const { report } = run(kubeaszWithoutVip, { ownAddresses: [] });
    hasAll(report, [
      "plinth:artifactsUrl is not set; set it in the stack's file (Pulumi.shop.yaml)",
      "neither plinth:vip nor plinth:externalEndpoint is set",
    ]);
  });
});

describe("plan/import: logins", () => {
  const inventory = "[kube_control_plane]\nn1 ip=192.0.2.1\n[etcd]\nn1\n[kube_node]\nn1\n";
  const withVariables = (text: string): Sources => ({
    ...oneFile(inventory),
    groupVars: { all: [{ path: "group_vars/all.yml", text }] },
  });

  it("in URLs and keys of registries are in no file, which says what is missing", () => {
    const { config, report } = run(
      withVariables(`
containerd_registries_mirrors:
  - prefix: docker.io
    mirrors: [{ host: "https://puller:hunter2@mirror.example.com" }, { host: "https://open.example.com" }]
  - prefix: quay.io
    mirrors: [{ host: "https://puller:hunter2@mirror.example.com", header: { Authorization: hunter2 } }]
  - prefix: https://puller:hunter2@ghcr.io
    mirrors: [{ host: "https://open.example.com", header: { Authorization: hunter2 } }]
containerd_registries:
  gcr.io: ["puller:hunter2@mirror.example.com"]
  "https://puller:hunter2@k8s.example.com": "https://open.example.com"
docker_insecure_registries: ["https://puller:hunter2@plain.example.com:5000", "http://[hunter2"]
`),
    );
    hasAll(config, [
      "docker.io:\n      mirrors:\n        - url: https://open.example.com\n",
      "plain.example.com:5000:",
    ]);
    assert.doesNotMatch(config, /quay|gcr|ghcr|k8s\.example/);
    hasAll(report, [
      "headers of the mirrors of quay.io, which may be logins (plinth:registryCredentials)",
      "headers of the mirrors of what is no registry",
      "mirrors of docker.io that have a login (plinth:registryCredentials)",
      "1 entry without a registry as images name it",
      "has no registry that could be taken: mirrors of gcr.io that have a login",
      "the login of plain.example.com:5000 (plinth:registryCredentials), 1 entry that is no URL",
    ]);
  });

  it("among names for certificates and virtual IPs are counted, not shown", () => {
    const { report } = run(
      withVariables("supplementary_addresses_in_ssl_keys: [api.example.com, 'u:hunter2@h', 'a b']\n"),
    );
    hasAll(report, ["left out: 2 names that certificates do not hold"]);
    const text = k0sctl.inventories[0]?.text ?? "";
    const more = text.replace(/virtualIPs: \[([^\]]*)\]/, "virtualIPs: [$1, hunter2]");
    assert.notEqual(more, text);
    hasAll(run({ ...k0sctl, inventories: [{ path: "k0sctl.yaml", text: more }] }).report, [
      "left out: 1 further virtual IP |",
    ]);
  });
});

const kubeaszWithoutVip = oneFile(
  "[kube_master]\n192.0.2.[1:3]\n[etcd]\n192.0.2.[1:3]\n[kube_node]\n192.0.2.4\n[all:vars]\nCLUSTER_CIDR=172.20.0.0/16\n",
);
