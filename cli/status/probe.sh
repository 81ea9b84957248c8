# shellcheck shell=sh
# Looks at one host without changing it. Fed to `sh -s` as root; prints sections that cli/status/probe.ts reads.
# Runs on hosts in any state: what is not there is left out.
export LC_ALL=C
bin=/opt/plinth/bin
pki=/etc/kubernetes/pki

etcd() {
  timeout 6 "$bin/etcdctl" --endpoints=https://127.0.0.1:2379 --dial-timeout=2s --command-timeout=4s \
    --cacert="$pki/etcd/ca.crt" --cert="$pki/etcd/healthcheck.crt" --key="$pki/etcd/healthcheck.key" "$@" 2>&1
}

echo 'plinth-probe 1'
echo '== uptime'
# Since the first process began: in a container that is its own boot, not the machine's.
awk -v ticks="$(getconf CLK_TCK)" '
  FNR == NR { up = $1; next }
  { sub(/^.*\) /, ""); printf "%.2f\n", up - $20 / ticks }
' /proc/uptime /proc/1/stat
echo '== addresses'
ip -o -4 addr show 2>/dev/null | while read -r _ interface _ address _; do
  echo "${address%/*} $interface"
done
echo '== machine'
cat /etc/machine-id 2>/dev/null
# What takes its time is asked side by side.
answers=$(mktemp -d -p /run 2>/dev/null || mktemp -d) || exit
trap 'rm -rf "$answers"' EXIT
if [ -x /usr/local/lib/plinth/plinth-host ]; then
  timeout 15 /usr/local/lib/plinth/plinth-host status >"$answers/1-bundles" 2>&1 &
fi
if [ -x "$bin/etcdctl" ] && [ -r "$pki/etcd/healthcheck.key" ]; then
  etcd endpoint status --write-out=json >"$answers/2-etcd-status" &
  etcd member list --write-out=json >"$answers/3-etcd-members" &
fi
if [ -d "$pki" ]; then
  find "$pki" -name '*.crt' -type f | sort | while IFS= read -r file; do
    echo "== certificate $file"
    cat "$file"
  done
fi
wait
for answer in "$answers"/*; do
  if [ -e "$answer" ]; then
    echo "== ${answer#"$answers"/?-}"
    cat "$answer"
  fi
done
echo '== end'
