#!/usr/bin/env bash
# Writes the tables of records in README.md anew, each between <!-- COMMAND --> and <!-- end -->, from what the command prints.
#
#   bench/readme.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
new=$(mktemp)
trap 'rm -f "$new"' EXIT
skipping=''
while IFS= read -r line; do
  if [[ $line == '<!-- end -->' ]]; then
    skipping=''
  fi
  [[ -n $skipping ]] || printf '%s\n' "$line"
  if [[ $line =~ ^'<!-- ./clusca bench history '([^ ]+)' -->'$ ]]; then
    ./clusca bench history "${BASH_REMATCH[1]}"
    skipping=yes
  fi
done <README.md >"$new"
cat "$new" >README.md
