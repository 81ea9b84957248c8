# shellcheck shell=sh
# Compares one host with what the last `up` has left, without changing it. Fed to `sh -s` as root, with the host script
# behind it: that of the host may be gone, or edited. Prints sections that plan/drift.ts reads.
export LC_ALL=C
bin=/opt/plinth/bin
pki=/etc/kubernetes/pki/etcd

echo 'plinth-drift 1'
echo '== drop-ins'
for file in /etc/systemd/system/*.d/*.conf /run/systemd/system/*.d/*.conf; do
  if [ -e "$file" ]; then
    echo "$file"
  fi
done
if [ -x "$bin/etcdctl" ] && [ -r "$pki/healthcheck.key" ]; then
  echo '== members'
  timeout 8 "$bin/etcdctl" --endpoints=https://127.0.0.1:2379 --dial-timeout=2s --command-timeout=6s \
    --cacert="$pki/ca.crt" --cert="$pki/healthcheck.crt" --key="$pki/healthcheck.key" member list </dev/null 2>&1
fi
