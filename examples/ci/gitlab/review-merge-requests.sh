#!/bin/sh
# Reviews what the open merge requests of this project ask for, and writes each review into a note. Runs in a scheduled pipeline
# of the default branch, whose code makes the review: of a merge request it takes two files, as data.
#
# Needs STACK, GitLab's variables of a job, PLINTH_NOTES_TOKEN (a project access token with the scope `api`), curl and jq.
# Ends with 1 when a review could not be made; that a guard refuses, or that the data is not right, is in the review.
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

# number FILTER FILE: prints the first thing that jq finds in a file, if that is a number.
number() { jq -r "[$1][0] | select(type == \"number\")" "$2"; }

# note_of ID: sets NOTE to the number of our own note of a merge request, and LAST to that note's last line; empty without one.
note_of() {
  ask "$api/merge_requests/$1/notes?per_page=100&sort=asc" "$folder/notes" || return 1
  jq --argjson me "$me" --arg marker "<!-- plinth-review $STACK -->" \
    '[.[] | select(.author.id == $me and (.body | startswith($marker)))][0] // {}' "$folder/notes" >"$folder/note" || return 1
  NOTE=$(number .id "$folder/note")
  LAST=$(jq -r '.body // "" | sub("\\s+$"; "") | split("\n")[-1] // ""' "$folder/note")
}

# review ID: makes the review of a merge request, unless its note is about this very pipeline. Returns 1 when that failed.
review() {
  local id pipeline job mark code
  id=$1 code=0
  ask "$api/merge_requests/$id" "$folder/request" || return 1
  pipeline=$(number '.head_pipeline // {} | select(.source == "merge_request_event") | .id' "$folder/request") || return 1
  [ -n "$pipeline" ] || return 0
  mark="<!-- of pipeline $pipeline -->"
  note_of "$id" || return 1
  [ "$LAST" != "$mark" ] || return 0
  ask "$api/pipelines/$pipeline/jobs?scope[]=success&per_page=100" "$folder/jobs" || return 1
  job=$(number '.[] | select(.name == "inventory") | .id' "$folder/jobs") || return 1
  [ -n "$job" ] || return 0
  rm -f "$folder/review.md"
  ask "$api/jobs/$job/artifacts/inventory.json" "$folder/inventory.json" || return 1
  ask "$api/jobs/$job/artifacts/config.yaml" "$folder/config.yaml" || return 1
  ./plinth review --stack "$STACK" --inventory "$folder/inventory.json" --config "$folder/config.yaml" --out "$folder/review.md" \
    </dev/null || code=$?
  [ -s "$folder/review.md" ] || return 1
  printf '\n%s\n' "$mark" >>"$folder/review.md"
  if [ -n "$NOTE" ]; then
    ask "$api/merge_requests/$id/notes/$NOTE" "$folder/answer" --request PUT --data-urlencode "body@$folder/review.md" || return 1
  else
    ask "$api/merge_requests/$id/notes" "$folder/answer" --request POST --data-urlencode "body@$folder/review.md" || return 1
  fi
  [ "$code" -ne 1 ]
}

ask "$CI_API_V4_URL/user" "$folder/user"
me=$(number .id "$folder/user")
# Of forks nothing is looked at.
ask "$api/merge_requests?state=opened&target_branch=$CI_DEFAULT_BRANCH&order_by=updated_at&per_page=100" "$folder/requests"
jq -r --argjson own "$CI_PROJECT_ID" '.[] | select(.source_project_id == $own) | .iid | select(type == "number")' \
  "$folder/requests" >"$folder/ids"
failed=
while read -r id; do
  # What goes wrong with one does not end the others.
  review "$id" || failed="$failed !$id"
done <"$folder/ids"
if [ -n "$failed" ]; then
  printf 'no review could be made of:%s\n' "$failed" >&2
  exit 1
fi
