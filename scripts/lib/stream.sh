# Stream: the bundle's text on stdin, checked whole and taken apart by one awk pass before anything is changed.
#
# In the stage this leaves
#   content/N    the content of the Nth file, mode 0600
#   plan         what is wanted, in the stream's order, one line each, `-` for what is absent:
#                  bundle NAME | generation N | confirm SECONDS | user NAME HOME | package NAME COMMAND
#                  directory PATH MODE OWNER FLAG(keep|purge|-) | binary NAME VERSION SHA URL RESTART RELOAD
#                  file PATH MODE OWNER content/N RESTART RELOAD KIND(file|secret|public) | unit NAME
#                  file PATH - - link:TARGET RESTART RELOAD link
#                  resource KIND KEY - RESTART RELOAD WORD…
#                  validate PATH SECONDS WORD…
#                  download PATH MODE OWNER SHA URL RESTART RELOAD (`fetch_all` makes a `file` of KIND download of it)
#                  require | judge | prepare | check NAME SECONDS UNIT ARGUMENTS…
# and sets BUNDLE and GENERATION.

# stream_read: ends the script with one sentence when the stream is not right. Never shows text of the secret part.
stream_read() {
  local error kind value
  awk -v stage="$STAGE" -v checks="$CHECK_ARGUMENTS" -v prepares="$PREPARE_ARGUMENTS" -v judges="$JUDGE_ARGUMENTS" \
    -v requires="$REQUIRE_ARGUMENTS" -v unit_kinds="$UNIT_KINDS" \
    -v resources="$RESOURCE_KINDS" -v own="$STATE_PATH $KEPT_PATH $STAGING_PATH $SOFTWARE_PATH" '
    function bad(text) {
      if (!failed) {
        failed = 1
        print "line " NR " of the bundle: " text > (stage "/error")
      }
      exit 65
    }
    function plan(text) { print text > (stage "/plan") }
    function fields(least, most, form) {
      if (NF < least || (most && NF > most)) bad("expected `" form "`, found " NF " words (paths may not hold spaces)")
    }
    function path(p,   i) {
      if (p !~ /^\//) bad("the path " p " is not absolute")
      if (p !~ /^[A-Za-z0-9._\/@:+=,~%-]+$/) bad("the path " p " holds a character that is not allowed")
      if (p ~ /\/\.\.?(\/|$)/ || p ~ /\/\// || p ~ /\/$/) bad("the path " p " is not plain: `.`, `..`, `//` or a slash at its end")
      for (i = 1; i <= nreserved; i++) {
        if (index(p "/", reserved[i] "/") == 1) bad("the path " p " is where Plinth keeps its own things")
      }
      if (p in seen) bad("the path " p " is listed twice")
      seen[p] = 1
    }
    function permission(m) {
      if (m !~ /^[0-7]?[0-7][0-7][0-7]$/) bad("the mode " m " is not three or four octal digits")
    }
    function owner(o) {
      if (o !~ /^[A-Za-z_][A-Za-z0-9_-]*:[A-Za-z_][A-Za-z0-9_-]*$/) bad("the owner " o " is not of the form user:group")
    }
    function checksum(sha, what) {
      if (length(sha) != 64 || sha !~ /^[0-9a-f]+$/) bad("the checksum of " what " is not a sha256 in lower-case hex")
    }
    function address(url, what) {
      if (url !~ /^https?:\/\/[^"\\]+$/) bad("the address of " what " is not http:// or https://")
    }
    function unitname(u) {
      if (u !~ "^[A-Za-z0-9@._:-]+[.](" unit_kinds ")$") bad(u " is not the name of a unit")
    }
    # The words from this one to another; without that, to the end of the line.
    function options(from, to,   i, j, n, names) {
      restart = "-"; reload = "-"
      if (to == "") to = NF
      for (i = from; i <= to; i++) {
        if ($i ~ /^restart=./) restart = substr($i, 9)
        else if ($i ~ /^reload=./) reload = substr($i, 8)
        else bad("unknown option " $i " of " $1)
        n = split(substr($i, index($i, "=") + 1), names, ",")
        for (j = 1; j <= n; j++) { unitname(names[j]); if (!(names[j] in wants)) wants[names[j]] = NR }
      }
    }
    # Words in which blanks, %, |, quotes and backslashes stand as %OOO, their octal code.
    function coded(from,   i, rest) {
      for (i = from; i <= NF; i++) {
        rest = $i
        gsub(/%[0-3][0-7][0-7]/, "", rest)
        if (rest ~ /[%|"\\]/) bad("the word " $i " of " $1 " holds a character that must be coded")
      }
    }
    function content_of(number) {
      if (out != "") close(out)
      out = stage "/content/" number
      printf "" > out
    }
    function condition(kind, list,   i, n, pairs, pair) {
      n = split(list, pairs, " ")
      for (i = 1; i <= n; i++) { split(pairs[i], pair, ":"); known[kind " " pair[1]] = pair[2] }
    }
    function known_name(kind, name) { if (!((kind " " name) in known)) bad("unknown " kind " " name) }
    # The arguments of a condition are the words from this one on. Those of `if-…` hold a check: its name comes second.
    function enough_arguments(kind, name, from,   least) {
      least = known[kind " " name]
      if (NF - from + 1 < least) bad(kind " " name " takes at least " least " arguments, found " NF - from + 1)
      if (name !~ /^if-/) return
      known_name(kind, $(from + 1))
      enough_arguments(kind, $(from + 1), from + 2)
    }
    BEGIN {
      part = 0
      n = split(resources, kinds, " ")
      for (i = 1; i <= n; i++) { split(kinds[i], pair, ":"); words[pair[1]] = pair[3] }
      nreserved = split(own, reserved, " ")
      condition("check", checks); condition("prepare", prepares); condition("require", requires); condition("judge", judges)
    }
    substr($0, 1, 1) == "|" {
      if (out == "") bad("content that belongs to no file")
      print substr($0, 2) > out
      lines++
      next
    }
    {
      if (part == 3 && out != "" && lines == 0) bad("the secret " path3 " has no content")
      if (out != "") close(out)
      out = ""; lines = 0
    }
    NF == 0 { next }
    part == 0 {
      if ($1 != "plinth-bundle") bad("expected `plinth-bundle 1`: this is not a bundle")
      if ($2 != "1" || NF != 2) bad("this host understands `plinth-bundle 1` only")
      part = 1
      next
    }
    part == 2 {
      if ($1 != "plinth-secrets") bad("expected `plinth-secrets 1` or nothing after `end`")
      if ($2 != "1" || NF != 2) bad("this host understands `plinth-secrets 1` only")
      part = 3
      next
    }
    part == 3 {
      if ($1 == "end" && NF == 1) { part = 4; next }
      if ($1 != "secret" || NF != 2) bad("the secret part holds `secret PATH`, content and `end` only")
      if (!($2 in announced)) bad("the content of a secret that the public part does not announce")
      if (announced[$2] == "given") bad("the content of the secret " $2 " is given twice")
      path3 = $2
      content_of(announced[$2])
      announced[$2] = "given"
      next
    }
    part == 4 { bad("text after the last `end`") }
    $1 == "end" && NF == 1 { part = 2; next }
    $1 == "bundle" {
      fields(2, 2, "bundle NAME")
      if (name != "") bad("a second `bundle` line")
      if ($2 !~ /^[a-z0-9][a-z0-9-]*$/) bad("the name of the bundle must be of a-z, 0-9 and -")
      name = $2
      plan($0); next
    }
    $1 == "generation" {
      fields(2, 2, "generation NUMBER")
      if (generation != "") bad("a second `generation` line")
      if ($2 !~ /^(0|[1-9][0-9]*)$/) bad("the generation must be a number")
      generation = $2
      plan($0); next
    }
    $1 == "confirm" {
      fields(2, 2, "confirm SECONDS")
      if ($2 !~ /^[1-9][0-9]*$/) bad("the time to confirm is not a number of seconds")
      plan($0); next
    }
    $1 == "user" {
      fields(3, 3, "user NAME HOME")
      if ($2 !~ /^[a-z_][a-z0-9_-]*$/) bad($2 " is not the name of a user")
      if ($3 !~ /^\/[A-Za-z0-9._\/-]*$/) bad("the home " $3 " is not an absolute path")
      plan($1 " " $2 " " $3); next
    }
    $1 == "package" {
      fields(2, 3, "package NAME [COMMAND]")
      if ($2 !~ /^[A-Za-z0-9][A-Za-z0-9.+_-]*$/ || $NF !~ /^[A-Za-z0-9\/._+-]+$/) bad($2 " is not the name of a package")
      plan($1 " " $2 " " $NF); next
    }
    $1 == "directory" {
      fields(4, 5, "directory PATH MODE OWNER [keep|purge]")
      path($2); permission($3); owner($4)
      if (NF == 5 && $5 != "keep" && $5 != "purge") bad("unknown option " $5 " of directory")
      plan($1 " " $2 " " $3 " " $4 " " (NF == 5 ? $5 : "-")); next
    }
    $1 == "binary" {
      fields(5, 7, "binary NAME VERSION SHA256 URL [restart=UNITS] [reload=UNITS]")
      if ($2 !~ /^[A-Za-z0-9][A-Za-z0-9._-]*$/ || $2 == "bin") bad($2 " is not the name of a binary")
      if ($2 in binaries) bad("the binary " $2 " is listed twice")
      binaries[$2] = 1
      if ($3 !~ /^[A-Za-z0-9][A-Za-z0-9.+_-]*$/) bad("the version " $3 " of " $2 " holds a character that is not allowed")
      checksum($4, $2); address($5, $2)
      options(6)
      plan($1 " " $2 " " $3 " " $4 " " $5 " " restart " " reload); next
    }
    $1 == "download" {
      fields(6, 8, "download PATH MODE OWNER SHA256 URL [restart=UNITS] [reload=UNITS]")
      path($2); permission($3); owner($4); checksum($5, $2); address($6, $2)
      options(7)
      plan($1 " " $2 " " $3 " " $4 " " $5 " " $6 " " restart " " reload); next
    }
    $1 == "file" || $1 == "secret" || $1 == "public" {
      fields(4, 6, $1 " PATH MODE OWNER [restart=UNITS] [reload=UNITS]")
      path($2); permission($3); owner($4)
      if ($1 == "secret" && $3 !~ /0$/) bad("the secret " $2 " would be open to everyone with mode " $3)
      options(5)
      count++
      plan("file " $2 " " $3 " " $4 " content/" count " " restart " " reload " " $1)
      if ($1 == "file") content_of(count)
      else { announced[$2] = count; secrets++ }
      next
    }
    $1 == "symlink" {
      fields(3, 5, "symlink PATH TARGET [restart=UNITS] [reload=UNITS]")
      path($2)
      if ($3 !~ /^[A-Za-z0-9._\/@:+=,~%-]+$/) bad("the target of " $2 " holds a character that is not allowed")
      options(4)
      plan("file " $2 " - - link:" $3 " " restart " " reload " link"); next
    }
    $1 == "resource" {
      fields(4, 0, "resource KIND KEY [restart=UNITS] [reload=UNITS] -- WORDS")
      if (!($2 in words)) bad("unknown kind of resource " $2)
      if (($2 " " $3) in resource) bad("the " $2 " " $3 " is listed twice")
      resource[$2 " " $3] = 1
      coded(3)
      for (dashes = 4; dashes <= NF && $dashes != "--"; dashes++);
      if (NF - dashes != words[$2]) bad("resource " $2 " takes " words[$2] " words, found " NF - dashes)
      options(4, dashes - 1)
      text = "resource " $2 " " $3 " - " restart " " reload
      for (i = dashes + 1; i <= NF; i++) text = text " " $i
      plan(text); next
    }
    $1 == "validate" {
      fields(4, 0, "validate PATH SECONDS WORDS")
      if (!($2 in seen)) bad("validate of " $2 ", which is no file of the bundle")
      if ($3 !~ /^[1-9][0-9]*$/) bad("the deadline of validate " $2 " is not a number of seconds")
      coded(4)
      plan($0); next
    }
    $1 == "unit" {
      fields(2, 2, "unit NAME")
      unitname($2)
      if ($2 in units) bad("the unit " $2 " is listed twice")
      units[$2] = 1
      plan($1 " " $2); next
    }
    $1 == "check" || $1 == "prepare" || $1 == "require" || $1 == "judge" {
      fields(4, 0, $1 " NAME SECONDS UNIT [ARGUMENTS]")
      known_name($1, $2)
      if ($3 !~ /^[1-9][0-9]*$/) bad("the deadline of " $1 " " $2 " is not a number of seconds")
      if ($4 != "-") unitname($4)
      enough_arguments($1, $2, 5)
      plan($0); next
    }
    { bad("unknown directive " substr($1, 1, 40)) }
    END {
      if (failed) exit 65
      if (part == 0) bad("it is empty")
      if (part == 1) bad("it is truncated: there is no `end`")
      if (name == "") bad("there is no `bundle NAME`")
      if (generation == "") bad("there is no `generation NUMBER`")
      if (part == 3) bad("its secret part is truncated: there is no `end`")
      for (u in wants) if (!(u in units)) bad("restart or reload of " u " on line " wants[u] ", but there is no line `unit " u "`")
      for (p in announced) if (announced[p] != "given") bad("the secret part does not give the content of " p)
    }' || {
    error=
    if [ -e "$STAGE/error" ]; then
      read -r error <"$STAGE/error"
    fi
    die "$EXIT_BAD_INPUT" "${error:-the bundle could not be read (is $RUN full?)}; nothing was changed"
  }
  while read -r kind value; do
    case $kind in
      bundle) BUNDLE=$value ;;
      generation) GENERATION=$value ;;
    esac
  done <"$STAGE/plan"
}
