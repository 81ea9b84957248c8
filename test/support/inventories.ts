import type { Sources } from "../../plan/import/sources.ts";
import { importStack, type ImportOptions, type ImportResult } from "../../plan/import/index.ts";

/** Inventories in the shapes that people have, each with what lies beside it. */

const sourcesOf = (path: string, text: string, more: Partial<Sources> = {}): Sources => ({
  inventories: [{ path, text }],
  groupVars: {},
  hostVars: {},
  ...more,
});

/** As Kubespray's sample is filled in: groups of today, variables in folders below group_vars. */
export const kubespray = sourcesOf(
  "inventory.ini",
  `
[kube_control_plane]
node1 ansible_host=198.51.100.11 ip=192.0.2.11 etcd_member_name=etcd1
node2 ansible_host=198.51.100.12 ip=192.0.2.12 etcd_member_name=etcd2
node3 ansible_host=198.51.100.13 ip=192.0.2.13 etcd_member_name=etcd3

[etcd:children]
kube_control_plane

[kube_node]
node[4:6] # three more

[kube_node:vars]
node_labels={"example.com/pool": "general", "topology.kubernetes.io/zone": "a", "node-role.kubernetes.io/worker": ""}

[bastion]
gate ansible_host=gate.example.com ansible_user=jump
`,
  {
    groupVars: {
      all: [
        {
          path: "group_vars/all/all.yml",
          text: `
bin_dir: /usr/local/bin
ansible_user: admin
upstream_dns_servers: [192.0.2.53]
http_proxy: "http://proxy.example.com:3128"
no_proxy: ".example.com,192.0.2.0/24"
ntp_enabled: true
kube_version: "{{ wanted_version | default('1.36.1') }}"
kube_encrypt_token: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  616263
`,
        },
      ],
      k8s_cluster: [
        {
          path: "group_vars/k8s_cluster/k8s-cluster.yml",
          text: `
kube_network_plugin: calico
calico_mtu: 1450
kube_service_addresses: 10.233.0.0/18
kube_pods_subnet: 10.233.64.0/18
kube_proxy_mode: ipvs
kube_proxy_strict_arp: true
cluster_name: cluster.example
dns_domain: "{{ cluster_name }}"
container_manager: crio
kube_vip_enabled: yes
kube_vip_address: 192.0.2.10
kubelet_max_pods: 200
kube_network_node_prefix: 23
supplementary_addresses_in_ssl_keys: [192.0.2.10, api.example.com, "2001:db8::1"]
containerd_registries_mirrors:
  - prefix: docker.io
    mirrors:
      - { host: "https://mirror.example.com", capabilities: [pull, resolve], skip_verify: true }
containerd_registry_auth:
  - { registry: mirror.example.com, username: puller, password: hunter2 }
kubeadm_certificate_key: "{{ lookup('password', credentials_dir + '/key length=64') | lower }}"
`,
        },
      ],
    },
    hostVars: {
      node4: [
        {
          path: "host_vars/node4.yml",
          text: "ip: 192.0.2.14\nkubelet_max_pods: 64\nnode_taints: ['dedicated=db:NoSchedule']\n",
        },
      ],
      node5: [{ path: "host_vars/node5.yml", text: "ansible_host: 192.0.2.15\n" }],
      node6: [{ path: "host_vars/node6.json", text: '{"ansible_host": "192.0.2.16", "ansible_user": "root"}' }],
    },
  },
);

/** As kubeasz has it: addresses as names, one hosts file with all variables, and config.yml. */
export const kubeasz = sourcesOf(
  "hosts",
  `
# 'etcd' cluster should have odd member(s) (1,3,5,...)
[etcd]
192.0.2.1
192.0.2.2
192.0.2.3

[kube_master]
192.0.2.1 k8s_nodename='master-01'
192.0.2.2 k8s_nodename='master-02'
192.0.2.3 k8s_nodename='master_03'

[kube_node]
192.0.2.4 k8s_nodename='worker-01'
192.0.2.5

[harbor]
192.0.2.8 NEW_INSTALL=false

[ex_lb]
192.0.2.6 LB_ROLE=backup EX_APISERVER_VIP=192.0.2.250 EX_APISERVER_PORT=8443
192.0.2.7 LB_ROLE=master EX_APISERVER_VIP=192.0.2.250 EX_APISERVER_PORT=8443

[chrony]
192.0.2.1

[all:vars]
SECURE_PORT="6443"
CONTAINER_RUNTIME="containerd"
CLUSTER_NETWORK="flannel"
PROXY_MODE="iptables"
SERVICE_CIDR="10.68.0.0/16"
CLUSTER_CIDR="172.20.0.0/16"
NODE_PORT_RANGE="30000-40000"
CLUSTER_DNS_DOMAIN="cluster.local"
bin_dir="/opt/kube/bin"
base_dir="/etc/kubeasz"
cluster_dir="{{ base_dir }}/clusters/_cluster_name_"
k8s_nodename=''
ansible_python_interpreter=/usr/bin/python3
`,
  {
    extraVars: [
      {
        path: "config.yml",
        text: `
CA_EXPIRY: "876000h"
CLUSTER_NAME: "shop"
K8S_VER: "__k8s_ver__"
K8S_NODENAME: "{%- if k8s_nodename != '' -%} {{ k8s_nodename }} {%- else -%} k8s-{{ inventory_hostname }} {%- endif -%}"
ETCD_DATA_DIR: "/data/etcd"
INSECURE_REG:
  - "http://registry.example.com:5000"
  - "https://harbor.example.com"
MASTER_CERT_HOSTS: ["192.0.2.99", "k8s.example.com"]
MAX_PODS: 150
FLANNEL_BACKEND: "vxlan"
prom_install: "no"
`,
      },
    ],
  },
);

/** As k0sctl has it: hosts by role, k0s' own configuration inside. */
export const k0sctl = sourcesOf(
  "k0sctl.yaml",
  `
apiVersion: k0sctl.k0sproject.io/v1beta1
kind: Cluster
metadata:
  name: edge
spec:
  hosts:
    - role: controller
      hostname: c1
      ssh: { address: 198.51.100.1, user: root, port: 2222, keyPath: ~/.ssh/edge, bastion: { address: gate.example.com, user: jump } }
      privateAddress: 192.0.2.1
      privateInterface: eth1
    - role: controller
      ssh: { address: 192.0.2.2, user: root, port: 2222, keyPath: ~/.ssh/edge }
    - role: controller+worker
      noTaints: true
      ssh: { address: 192.0.2.3, user: root, port: 2222, keyPath: ~/.ssh/other }
    - role: worker
      installFlags:
        - --labels=example.com/gpu=yes,example.com/row=b
        - --taints=gpu=yes:NoSchedule
        - --kubelet-extra-args=--max-pods=50
      hooks: { apply: { before: ["echo hello"] } }
      openSSH: { address: 192.0.2.4 , user: root, port: 2222 }
    - role: worker
      winrm: { address: win.example.com, password: "\${WINRM_PASSWORD}" }
  k0s:
    version: v1.35.2+k0s.0
    config:
      apiVersion: k0s.k0sproject.io/v1beta1
      kind: ClusterConfig
      spec:
        api: { externalAddress: api.example.com, sans: [api.example.com], extraArgs: { event-ttl: 2h0m0s } }
        network:
          provider: kuberouter
          podCIDR: 10.244.0.0/16
          kubeProxy: { mode: iptables }
          controlPlaneLoadBalancing:
            enabled: true
            type: Keepalived
            keepalived:
              vrrpInstances:
                - virtualIPs: ["192.0.2.100/24"]
                  virtualRouterID: 77
                  authPass: hunter2
        telemetry: { enabled: true }
`,
);

/** Somebody's own, by kubeadm: ranges, a step, a group of groups, names with dots, a jump host in options of ssh. */
export const ownIni = sourcesOf(
  "hosts.ini",
  `
m[1:3].k8s.example.com

[masters]
m[1:3].k8s.example.com

[workers]
w[01:09:4].k8s.example.com:2222 disk="big one" rack=r1
db-[a:c].k8s.example.com

[k8s:children]
masters
workers

[monitoring]
grafana.example.com

[k8s:vars]
ansible_user=ops
ansible_become=yes
ansible_become_pass=hunter2
ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p -q -p 2200 jump@gate.example.com"'
pod_network_cidr=10.244.0.0/16
vip=192.0.2.10
`,
  {
    hostVars: Object.fromEntries(
      [
        ...[1, 2, 3].map((n) => [`m${n}.k8s.example.com`, `192.0.2.1${n}`]),
        ...["01", "05", "09"].map((n, index) => [`w${n}.k8s.example.com`, `192.0.2.2${index}`]),
        ...["a", "b", "c"].map((n, index) => [`db-${n}.k8s.example.com`, `192.0.2.3${index}`]),
      ].map(([name = "", address = ""]) => [name, [{ path: `host_vars/${name}.yml`, text: `ip: ${address}\n` }]]),
    ),
    playbooks: [
      {
        path: "ansible/site.yml",
        text: `
- hosts: all
  roles: [common, chrony, { role: geerlingguy.node_exporter, tags: metrics }]
- hosts: k8s
  tasks:
    - ansible.builtin.include_role: { name: kubeadm }
`,
      },
    ],
  },
);

/** Somebody's own, for k3s: YAML with servers and agents. */
export const ownYaml = sourcesOf(
  "inventory.yml",
  `
k3s_cluster:
  children:
    server:
      hosts:
        192.0.2.11:
    agent:
      hosts:
        192.0.2.21:
        192.0.2.22:
          zone: b
  vars:
    ansible_port: 22
    ansible_user: debian
    k3s_version: v1.30.2+k3s1
    token: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      616263
    api_endpoint: "{{ hostvars[groups['server'][0]]['ansible_host'] }}"
`,
);

/** An import with what tests need to say no more about. */
export function imported(sources: Sources, options: Partial<ImportOptions> = {}): ImportResult {
  return importStack(sources, {
    stack: "shop",
    from: "inventory",
    ownAddresses: ["203.0.113.1", "192.0.2.5"],
    ...options,
  });
}
