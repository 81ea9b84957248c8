# Changes: compares what is wanted (a plan), what is remembered (manifest, intent) and what is there (disk), without
# touching anything. A handful of processes whatever the number of files.
#
#   wanted        plan ------------------------.      each line of the plan ---> plan_directory  plan_file
#   remembered    manifest, intent, replaced --+                                 plan_binary     plan_unit
#                 those of other bundles ------+--> compare ---.
#   there         look: stat of every path ----+               `--> what was ours and is planned no more --->
#                 that either of them names,   |                    drop_units remove_files remove_masks
#                 digests of files ------------'                    unlink_binaries leave_directories
#
# In the stage this leaves
#   problems   sentences; not empty: nothing may be done
#   save       paths that were here before us and are about to be replaced
#   previous   our own paths that are about to be replaced or removed
#   ops        what to do, in order: drop-unit UNIT | leave-unit UNIT (another bundle has it) | directory PATH MODE OWNER
#              write SOURCE PATH MODE OWNER | symlink TARGET PATH
#              remove PATH (what was there before us comes back) | delete PATH | rmdir PATH | link NAME TARGET | unlink NAME | unmask PATH
#   hits       restart UNIT | reload UNIT | daemon-reload
#   owns       what the intent must remember as ours: the manifest's lines and the plan's
#   manifest   the manifest to be once all of it has succeeded
#   differences  what of the plan is not as it should be, for people: KIND NAME DETAIL…; never a content

BACK=                                      # yes on the way back to what was there before

# changes_compute PLAN: PLAN is as `stream_read` and `fetch_all` leave it; its sources are relative to the stage or
# absolute. A source `=SHA:FILE` has been verified; `=SHA` stands for content that is expected on disk and cannot be written. `link:TARGET`
# is a symbolic link.
changes_compute() {
  local plan home old intent replaced file
  plan=$1
  home=$STATE/bundles/$BUNDLE
  rm -f "$STAGE/problems" "$STAGE/save" "$STAGE/previous" "$STAGE/ops" "$STAGE/hits" "$STAGE/owns" "$STAGE/manifest" "$STAGE/differences"
  : >"$STAGE/problems"
  old=/dev/null intent=/dev/null replaced=/dev/null
  if [ -e "$home/manifest" ]; then
    old=$home/manifest
  fi
  if [ -e "$home/intent" ]; then
    intent=$home/intent
  fi
  if [ -e "$home/replaced" ]; then
    replaced=$home/replaced
  fi
  changes_look "$plan" "$old" "$intent" || return 1
  set -- "$plan" "$old" "$intent" "$replaced"
  for file in "$STATE/bundles"/*/manifest "$STATE/bundles"/*/intent; do
    if [ -e "$file" ] && [ "${file%/*}" != "$home" ]; then
      set -- "$@" "$file"
    fi
  done
  changes_compare "$@" || return 1
  shift 4
  resources_compute "$plan" "$old" "$intent" "$@" || return 1
  : >>"$STAGE/differences" && : >>"$STAGE/save" && : >>"$STAGE/previous" && : >>"$STAGE/ops" && : >>"$STAGE/hits" && : >>"$STAGE/owns"
}

# changes_look PLAN MANIFEST INTENT: what is there, of all that these name: STAGE/stat, STAGE/stat-directories and STAGE/sums; and the
# sums of the plan's sources, STAGE/sums-wanted. Directories are looked at through symbolic links, everything else as it is.
changes_look() {
  awk -v root="$ROOT" -v stage="$STAGE" -v units="$UNITS_PATH/" -v bin="$SOFTWARE_PATH/bin/" '
    { if ($1 == "owns") { sub(/^owns /, "") } }
    $1 == "directory" { print root $2 > (stage "/look-directories"); next }
    $1 == "unit" { path = units $2 }
    $1 == "file" { path = $2; if ($5 ~ /^content\//) print $5 > (stage "/sources"); else if ($5 ~ /^\//) print $5 > (stage "/sources") }
    $1 == "binary" { path = bin $2 }
    $1 == "unit" || $1 == "file" || $1 == "binary" { if (!(path in seen)) print root path > (stage "/look"); seen[path] = 1 }
    # Not of links, nor of binaries, which are such, and hundreds of megabytes behind them.
    $1 == "file" && $5 !~ /^link:/ { if (!(path in summed)) print root path > (stage "/look-content"); summed[path] = 1 }
    ' "$@"
  : >>"$STAGE/look" && : >>"$STAGE/look-content" && : >>"$STAGE/look-directories" && : >>"$STAGE/sources"
  # A path that is not there makes these complain and fail: that it is missing is the finding.
  xargs -r stat -c '%n %f %a %U:%G %N' <"$STAGE/look" >"$STAGE/stat" 2>/dev/null
  xargs -r stat -L -c '%n %f %a %U:%G' <"$STAGE/look-directories" >"$STAGE/stat-directories" 2>/dev/null
  digests <"$STAGE/look-content" >"$STAGE/sums" 2>/dev/null
  (cd "$STAGE" && digests <sources >sums-wanted) || return 1
  rm -f "$STAGE/look" "$STAGE/look-content" "$STAGE/look-directories" "$STAGE/sources"
}

# changes_compare PLAN MANIFEST INTENT REPLACED [FILE…]: FILEs are manifests and intents of other bundles. Writes
# what `changes_compute` leaves. In awk, an array has a path or a name as its key:
#   type mode owner target sum, dtype dmode downer    what is there; `type` is the first digit of stat's %f: 8 file, 4 directory, a link
#   wanted                                            the sums of sources
#   oldfile oldunit olddirectory oldbinary left mask  ours so far, with lists in order: oldfiles[1…nof], oldunits[1…nou] …
#   otherfile otherunit otherdirectory otherbinary    of other bundles, by whom
#   planned                                           the plan, by `KIND NAME`; line[1…nl] in order
changes_compare() {
  local plan old intent replaced
  plan=$1 old=$2 intent=$3 replaced=$4
  shift 4
  awk -v root="$ROOT" -v stage="$STAGE" -v back="$BACK" -v yields="$PREPARE_YIELDS" -v units="$UNITS_PATH/" -v bin="$SOFTWARE_PATH/bin/" '
    function problem(text) { print text > (stage "/problems") }
    function op(text) { print text > (stage "/ops") }
    function differ(kind, name, detail) { print kind " " name " " detail > (stage "/differences") }
    function attributes(m, o, is_m, is_o,   text) {
      if (m != is_m) text = "its mode is " is_m ", expected " m
      if (o != is_o) text = text (text == "" ? "" : "; ") "its owner is " is_o ", expected " o
      return text
    }
    # What is wrong with a file; an empty answer: nothing.
    function differ_file(path, sha, m, o) {
      if (!(path in type)) differ("missing-file", path, "is missing")
      else if (masked(path) && index(path, units) == 1)
        differ("unit-masked", substr(path, length(units) + 1), "is masked: its file is a link to /dev/null")
      else if (type[path] == "a") differ("file", path, "is a symbolic link")
      else if (type[path] != "8") differ("file", path, "is not a file")
      else if (sum[path] != sha) differ("file", path, "its content is another")
      if (kind(path) == "8" && (mode[path] != m || owner[path] != o)) differ("mode", path, attributes(m, o, mode[path], owner[path]))
    }
    function differ_link(path, wanted) {
      if (!(path in type)) differ("missing-file", path, "is missing")
      else if (type[path] == "a") differ("file", path, "leads to " points_to(path) ", expected " wanted)
      else differ("file", path, "is no symbolic link")
    }
    function permission(m) { sub(/^0+/, "", m); return m == "" ? "0" : m }
    function each(list, verb,   n, i, names) {
      n = split(list, names, ",")
      for (i = 1; i <= n; i++) if (names[i] != "-") print verb " " names[i] > (stage "/hits")
    }
    function hit(path, restart, reload) {
      each(restart, "restart"); each(reload, "reload")
      if (path ~ /^\/(etc|usr\/lib|usr\/local\/lib|lib)\/systemd\/system\//) print "daemon-reload" > (stage "/hits")
    }
    function keep_previous(path) { if (path in type && (path in oldfile || index(path, bin) == 1)) print path > (stage "/previous") }
    function manifest(text) { print text > (stage "/manifest") }
    function own(text) { if (!(text in owned)) print "owns " text > (stage "/owns"); owned[text] = 1 }
    function relative(path) { return substr(path, length(root) + 1) }
    # Looking a path up must not bring it into being, as a plain type[path] would.
    function kind(path) { return path in type ? type[path] : "" }
    function points_to(path) { return path in target ? target[path] : "" }
    function masked(path) { return kind(path) == "a" && points_to(path) == "/dev/null" }
    # --- the lines of the plan, one function for each kind; f holds the words ---
    function plan_directory(   path, m, o) {
      path = f[2]; m = permission(f[3]); o = f[4]
      if (path in dtype && dtype[path] != "4") problem(path " is wanted as a directory but is something else; move it away, then run again")
      else if (!(path in dtype) || dmode[path] != m || downer[path] != o) op("directory " path " " f[3] " " o)
      if (!(path in dtype)) differ("directory", path, "is missing")
      else if (dtype[path] != "4") differ("directory", path, "is not a directory")
      else if (dmode[path] != m || downer[path] != o) differ("directory", path, attributes(m, o, dmode[path], downer[path]))
      own("directory " path " " f[3] " " o " " f[5]); manifest(line[i])
    }
    # What is to be kept of what is about to be replaced.
    function replace(path) {
      if (path in type && !(path in oldfile)) print path > (stage "/save")
      keep_previous(path)
    }
    function plan_link(path, wanted) {
      if (kind(path) != "a" || points_to(path) != wanted) {
        differ_link(path, wanted)
        replace(path)
        op("symlink " wanted " " path)
        hit(path, f[6], f[7])
      }
      own(line[i]); manifest(line[i])
    }
    function plan_file(   path, sha, source, m, o, text) {
      path = f[2]; m = permission(f[3]); o = f[4]
      if (path in otherfile) problem(path " belongs to the bundle " otherfile[path] " already; one file belongs to one bundle")
      text = f[8] == "link" ? "symbolic link" : "file"
      if (kind(path) == "4") problem(path " is wanted as a " text " but is a directory; move it away, then run again")
      if (f[8] == "link") { plan_link(path, substr(f[5], 6)); return }
      sha = f[5] ~ /^=/ ? substr(f[5], 2, 64) : wanted[f[5]]
      source = f[5] ~ /^=.*:/ ? substr(f[5], 67) : f[5]
      differ_file(path, sha, m, o)
      if (kind(path) != "8" || sum[path] != sha || mode[path] != m || owner[path] != o) {
        if (source ~ /^=/) {
          # On the way back it is somebody else who has changed it meanwhile: it stays, and drift tells of it.
          if (!back) problem("the previous content of " path " is not kept")
          text = "file " path " " f[3] " " o " " sha " " f[6] " " f[7] " " f[8]
          own(text); manifest(text)
          return
        }
        replace(path)
        op("write " source " " path " " f[3] " " o)
        hit(path, f[6], f[7])
      }
      text = "file " path " " f[3] " " o " " sha " " f[6] " " f[7] " " f[8]
      own(text); manifest(text)
    }
    function plan_binary(   name, path, directory, old) {
      name = f[2]
      path = bin name
      directory = name "/" f[3] "-" substr(f[4], 1, 12)
      if (name in otherbinary && otherversion[name] != f[3] " " f[4])
        problem("the binary " name " is here in another version by the bundle " otherbinary[name] "; both must want the same one")
      if (points_to(path) != "../" directory "/" name) {
        if (path in target) {
          old = target[path]
          sub(/^\.\.\//, "", old); sub(/\/[^\/]*$/, "", old)
          before[name] = old
        }
        keep_previous(path)
        op("link " name " ../" directory "/" name)
        hit(path, f[6], f[7])
        if (!(path in type)) differ("link", path, "is missing")
        else if (path in target) differ("link", path, "leads to " target[path])
        else differ("link", path, "is not a link")
      } else if (name in replaced) {
        # Its bytes were wrong and have been replaced where they lay: what runs it may run the wrong ones.
        hit(path, f[6], f[7])
        differ("binary", path, "was replaced; what runs it has not been restarted since")
      }
      own(line[i]); manifest(line[i])
      if (name in before && before[name] != directory) manifest("previous-binary " name " " before[name])
    }
    function plan_unit(   path) {
      path = units f[2]
      own(line[i]); manifest(line[i])
      # A unit of ours runs: a mask, or the file that stood in for it, is set aside until we let go of the unit.
      if (("file " path) in planned || !(masked(path) || path in mask || path in oldfile)) return
      if (masked(path)) {
        if (!(path in oldfile)) print path > (stage "/save")
        op("unmask " path)
        differ("unit-masked", f[2], "is masked")
        print "daemon-reload" > (stage "/hits")
      }
      own("mask " path); manifest("mask " path)
      kept_mask[path] = 1
    }
    # --- what was ours and is planned no more ---
    function drop_units(   i, u) {
      for (i = nou; i >= 1; i--) {
        u = oldunits[i]
        if (("unit " u) in planned) continue
        op((u in otherunit ? "leave-unit " : "drop-unit ") u)
      }
    }
    function remove_files(   i, path) {
      for (i = 1; i <= nof; i++) {
        path = oldfiles[i]
        # From now on a prepare sees to it: it stays as it is, and the way back needs it as it was.
        if (path in yielded) keep_previous(path)
        else if (!(("file " path) in planned) && !(path in otherfile)) {
          keep_previous(path)
          op((path in kept_mask ? "delete " : "remove ") path)
          hit(path, oldrestart[path], oldreload[path])
        }
      }
    }
    function remove_masks(   path) {
      for (path in mask) if (!(path in kept_mask) && !(("file " path) in planned)) {
        op("remove " path)
        print "daemon-reload" > (stage "/hits")
      }
    }
    function unlink_binaries(   i, name) {
      for (i = 1; i <= nob; i++) {
        name = oldbinaries[i]
        if (!(("binary " name) in planned) && !(name in otherbinary)) {
          keep_previous(bin name)
          op("unlink " name)
          hit(bin name, oldrestart[name], oldreload[name])
        }
      }
    }
    function leave_directories(   i, path) {
      for (i = nod; i >= 1; i--) {
        path = olddirectories[i]
        if (("directory " path) in planned) continue
        # Data and leftovers stay until the host is released.
        if (olddirectory[path] != "-") left[path] = olddirectory[path]
        else if (path in dtype && !(path in otherdirectory)) op("rmdir " path)
      }
      for (path in left) if (!(("directory " path) in planned)) { own("left " path " " left[path]); manifest("left " path " " left[path]) }
    }
    # --- the files, each of which says by `section` what it is ---
    section ~ /sums$/ { sub(/^\*/, "", $2) }
    section == "wanted-sums" { wanted[$2] = $1; next }
    section == "stat" {
      path = relative($1)
      type[path] = substr($2, 1, 1); mode[path] = $3; owner[path] = $4
      if (type[path] == "a") { target[path] = $NF; gsub(/^.|.$/, "", target[path]) }
      next
    }
    section == "stat-directories" { path = relative($1); dtype[path] = substr($2, 1, 1); dmode[path] = $3; downer[path] = $4; next }
    section == "sums" { sum[relative($2)] = $1; next }
    section == "others" {
      if (FNR == 1) { n = split(FILENAME, f, "/"); other = f[n - 1] }
      if ($1 == "owns") sub(/^owns /, "")
      if ($1 == "file") otherfile[$2] = other
      if ($1 == "unit") otherunit[$2] = other
      if ($1 == "directory" || $1 == "left") otherdirectory[$2] = other
      if ($1 == "binary") { otherbinary[$2] = other; otherversion[$2] = $3 " " $4 }
      next
    }
    section == "old" {
      if ($1 == "owns") sub(/^owns /, "")
      if ($1 == "file") { if (!($2 in oldfile)) oldfiles[++nof] = $2; oldfile[$2] = 1; oldrestart[$2] = $6; oldreload[$2] = $7 }
      if ($1 == "unit" && !($2 in oldunit)) { oldunits[++nou] = $2; oldunit[$2] = 1 }
      if ($1 == "directory" && !($2 in olddirectory)) { olddirectories[++nod] = $2; olddirectory[$2] = $5 }
      if ($1 == "left") left[$2] = $3
      if ($1 == "mask") mask[$2] = 1
      if ($1 == "binary") { if (!($2 in oldbinary)) oldbinaries[++nob] = $2; oldbinary[$2] = 1; oldrestart[$2] = $6; oldreload[$2] = $7 }
      if ($1 == "previous-binary") before[$2] = $3
      if ($1 != "plinth-manifest" && $1 != "plinth-intent" && $1 ~ /^(file|unit|directory|left|mask|binary)$/) own($0)
      next
    }
    section == "plan" && $1 == "prepare" {
      n = split(yields, f, " ")
      for (i = 1; i <= n; i++) if (f[i] ~ "^" $2 ":") yielded[substr(f[i], length($2) + 2)] = 1
    }
    section == "replaced" { replaced[$1] = 1; next }
    section == "plan" { line[++nl] = $0; if ($1 ~ /^(file|unit|directory|binary)$/) planned[$1 " " $2] = 1; next }
    END {
      manifest("plinth-manifest 1")
      # Units that are no longer wanted stop before their files go.
      drop_units()
      for (i = 1; i <= nl; i++) {
        split(line[i], f, " ")
        if (f[1] == "directory") plan_directory()
        else if (f[1] == "file") plan_file()
        else if (f[1] == "binary") plan_binary()
        else if (f[1] == "unit") plan_unit()
        # Of this change alone.
        else if (f[1] != "confirm") manifest(line[i])
      }
      remove_files()
      remove_masks()
      unlink_binaries()
      leave_directories()
      manifest("end")
    }' section=wanted-sums "$STAGE/sums-wanted" section=stat "$STAGE/stat" \
    section=stat-directories "$STAGE/stat-directories" section=sums "$STAGE/sums" section=others "$@" \
    section=old "$old" "$intent" section=replaced "$replaced" section=plan "$plan"
}
