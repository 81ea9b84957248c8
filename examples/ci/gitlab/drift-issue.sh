#!/bin/sh
# Looks for drift, and keeps one issue of this project about it: written anew at every look, closed when nothing differs any more. Runs in a
# scheduled pipeline of the default branch.
#
# Needs STACK, GitLab's variables of a job, PLINTH_NOTES_TOKEN (a project access token with the scope `api`), curl and jq.
# Ends as that look does: 0 nothing differs, 4 something does, 1 something could not be looked at; and with 1 when there is no report.
set -eu
umask 077

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
api=$CI_API_V4_URL/projects/$CI_PROJECT_ID
printf 'PRIVATE-TOKEN: %s\n' "$PLINTH_NOTES_TOKEN" >"$folder/token"
unset PLINTH_NOTES_TOKEN

# ask URL FILE [ARGUMENT…]: one request; the answer goes to a file. The token does not show in the list of processes.
ask() {
  local url file
  url=$1 file=$2
  shift 2
  curl --globoff --fail --silent --show-error --location --max-time 60 --max-filesize 8388608 --header "@$folder/token" \
    --output "$file" "$@" "$url" </dev/null
}

code=0
./plinth drift --stack "$STACK" --report "$folder/drift.md" </dev/null || code=$?
[ -s "$folder/drift.md" ] || exit 1

ask "$CI_API_V4_URL/user" "$folder/user"
ask "$api/issues?state=opened&labels=plinth-drift&per_page=100" "$folder/issues"
# Our own issue, if there is one: nobody else's is changed, whatever stands in it.
number=$(jq -r --slurpfile user "$folder/user" --arg marker "<!-- plinth-report $STACK drift -->" \
  '[.[] | select(.author.id == $user[0].id and (.description // "" | startswith($marker))) | .iid | select(type == "number")][0] // empty' \
  "$folder/issues")
if [ -n "$number" ]; then
  set --
  if [ "$code" -eq 0 ]; then set -- --data-urlencode state_event=close; fi
  ask "$api/issues/$number" "$folder/answer" --request PUT --data-urlencode "description@$folder/drift.md" "$@"
elif [ "$code" -ne 0 ]; then
  ask "$api/issues" "$folder/answer" --request POST --data-urlencode "title=Drift of stack $STACK" \
    --data-urlencode labels=plinth-drift --data-urlencode "description@$folder/drift.md"
fi
exit "$code"
