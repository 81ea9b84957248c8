# Facts of the network of a host: what it asks for names, what its firewall does with the traffic of others, and its links.

# resolvers: of each resolv.conf that a kubelet could give to pods, what kind of name servers it has. In a pod a loopback
# address is the pod itself.
resolvers() {
  local path
  for path in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
    if [ -r "$ROOT$path" ]; then
      awk -v path="$path" '
        $1 == "nameserver" { if ($2 ~ /^127\./ || $2 == "::1" || $2 == "0.0.0.0" || $2 == "::") loopback = 1; else others = 1 }
        END { print "resolver " path " " (loopback ? (others ? "mixed" : "loopback") : (others ? "others" : "none")) }' "$ROOT$path"
    fi
  done
}

# links: the largest packet of each interface with an IPv4 address.
# vrrp: from the files of keepalived as we write them, an instance and one address each.
vrrp() {
  local file
  for file in "$ROOT/etc/keepalived/keepalived.conf" "$ROOT$FORMER_ADDRESSES_PATH"; do
    if [ -r "$file" ]; then
      awk '
        after_address { sub(/\/.*/, "", $1); print "vrrp " name " " id " " $1; after_address = 0 }
        $1 == "vrrp_instance" { name = $2; id = "" }
        $1 == "virtual_router_id" { id = $2 }
        $1 == "virtual_ipaddress" { after_address = name != "" && id != "" }' "$file"
    fi
  done
}

links() {
  local name mtu
  if command -v ip >/dev/null; then
    ip -o -4 address show 2>/dev/null | awk '{ sub(/@.*/, "", $2); if (!seen[$2]++) print $2 }' | while read -r name; do
      first_line "$ROOT/sys/class/net/$name/mtu"
      mtu=$LINE
      if [ "$mtu" != - ]; then
        printf 'link-mtu %s %s\n' "$name" "$mtu"
      fi
    done
  fi
}

# forward_chains: where packets from and to pods would be dropped: base chains of others at the hook forward that do not let
# through what no rule of theirs names. With each come the networks and interfaces from and to which a rule accepts everything.
forward_chains() {
  local family table
  if command -v nft >/dev/null; then
    nft list chains 2>/dev/null </dev/null | awk '
      $1 == "table" { table = $2 " " $3 }
      / hook forward / && !seen[table]++ { print table }' | while read -r family table; do
      case $table in
        # Ours; and one whose zones decide, see `firewalld`.
        kube-proxy | flannel-ipv4 | flannel-ipv6 | firewalld) ;;
        *) nft list table "$family" "$table" 2>/dev/null </dev/null | forward_of nft "$family" "$table" ;;
      esac
    done
  fi
  # Rules of the older kind. Asking for them where there are none would load their modules.
  if grep -qx filter "$ROOT/proc/net/ip_tables_names" 2>/dev/null && command -v iptables-legacy >/dev/null; then
    iptables-legacy -S 2>/dev/null </dev/null | legacy_rules | forward_of iptables-legacy ip filter
  fi
}

# legacy_rules: rewrites what `iptables -S` prints as nft would list it, as far as it is looked at here.
legacy_rules() {
  awk '
    function lower(word) { return word == "ACCEPT" || word == "DROP" || word == "REJECT" ? tolower(word) : "jump " word }
    $1 == "-P" && $2 == "FORWARD" { policy = tolower($3) }
    $1 == "-P" || $1 == "-N" { chains[++n] = $2 }
    $1 == "-A" {
      rule = ""
      for (i = 3; i <= NF; i++) {
        if ($i == "-s") rule = rule " ip saddr " $(++i)
        else if ($i == "-d") rule = rule " ip daddr " $(++i)
        else if ($i == "-i") rule = rule " iifname \"" $(++i) "\""
        else if ($i == "-o") rule = rule " oifname \"" $(++i) "\""
        else if ($i == "-j" || $i == "-g") rule = rule " " lower($(++i))
        else if ($i == "--reject-with") i++
        else if ($i == "--comment") { rule = rule " comment \"-\""; if ($(++i) ~ /^"/) while (i < NF && $i !~ /"$/) i++ }
        else if ($i == "-m" && $(i + 1) == "comment") i++
        else rule = rule " " $i
      }
      rules[$2] = rules[$2] rule "\n"
    }
    END {
      for (c = 1; c <= n; c++) {
        print "chain " chains[c] " {"
        if (chains[c] == "FORWARD") print "type filter hook forward priority filter; policy " policy ";"
        printf "%s}\n", rules[chains[c]]
      }
    }'
}

# forward_of TOOL FAMILY TABLE: reads a table as nft lists it, follows jumps from each base chain at the hook forward, and tells
# of those that drop.
forward_of() {
  awk -v tool="$1" -v family="$2" -v table="$3" '
    # What a rule does to everything that comes from or goes to one place; "" where it asks for more than that.
    function accepted(rule,   words, n) {
      n = split(rule, words, " ")
      if (n == 4 && words[1] == "ip" && (words[2] == "saddr" || words[2] == "daddr") && words[4] == "accept") return words[2] " " words[3]
      if (n == 3 && (words[1] == "iifname" || words[1] == "oifname") && words[3] == "accept") {
        gsub(/"/, "", words[2])
        return (words[1] == "iifname" ? "saddr " : "daddr ") words[2]
      }
      return ""
    }
    function add(list, place) {
      return place ~ /^[A-Za-z0-9.\/_:-]+$/ && length(list) + length(place) < 1000 ? list (list == "" ? "" : ",") place : list
    }
    $1 == "chain" { chain = $2; next }
    $1 == "type" {
      if ($0 ~ / hook forward /) { bases[++count] = chain; drops[chain] = ($0 ~ /policy drop/) }
      next
    }
    $1 == "}" { chain = ""; next }
    chain != "" {
      sub(/ # handle [0-9]+$/, "")
      gsub(/ ?counter packets [0-9]+ bytes [0-9]+/, "")
      gsub(/ ?comment "[^"]*"/, "")
      $1 = $1
      if ($0 ~ /^(drop|reject( with .*)?)$/) all[chain] = 1
      rules[chain] = rules[chain] $0 "\n"
    }
    END {
      for (b = 1; b <= count; b++) {
        if (!drops[bases[b]] && !all[bases[b]]) continue
        split("", seen); split("", queue)
        from = to = ""
        queue[1] = bases[b]; last = 1; seen[bases[b]] = 1
        for (q = 1; q <= last; q++) {
          n = split(rules[queue[q]], lines, "\n")
          for (i = 1; i <= n; i++) {
            if (split(accepted(lines[i]), place, " ") == 2) {
              if (place[1] == "saddr") from = add(from, place[2]); else to = add(to, place[2])
            }
            # Only what everything takes: others are not for all packets.
            if (split(lines[i], words, " ") == 2 && (words[1] == "jump" || words[1] == "goto") && !seen[words[2]]++) queue[++last] = words[2]
          }
        }
        print "forward-drop " tool " " family " " table " " bases[b] " " (from == "" ? "-" : from) " " (to == "" ? "-" : to)
      }
    }'
}
