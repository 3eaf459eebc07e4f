#!/usr/bin/env bash
# Writes the tables of records in README.md and bench/RESULTS.md anew.
#
#   bench/tables.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
./clusca build bench
eval "java=($(./clusca --show-command))"
"${java[0]}" -cp bench/target/clusca-bench.jar dev.clusca.bench.Tables
