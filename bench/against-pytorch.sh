#!/usr/bin/env bash
# Runs clusca and PyTorch alternately over the same models and writes a table of ratios; the method is in METHOD.md.
#
#   bench/against-pytorch.sh --python PYTHON --baseline FILE [--threads N] [--rounds N] [--out FILE] [MODEL:DTYPE:ROWS ...]
#
#   PYTHON    a Python that imports torch, as in .venv/bin/python
#   FILE      the baseline, torch_baseline.py
#   MODEL     dit-xl/2, dit-l/2, dit-b/2 or a folder; default: dit-xl/2 in bf16 and f32, dit-l/2, dit-b/2 and models/shapes-dit
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python='' baseline='' threads=2 rounds=2 out=bench/history/against-pytorch.jsonl
while [[ ${1:-} == --* ]]; do
  case $1 in
    --python) python=$2 ;;
    --baseline) baseline=$2 ;;
    --threads) threads=$2 ;;
    --rounds) rounds=$2 ;;
    --out) out=$2 ;;
    *) echo "against-pytorch.sh: there is no option $1; see the head of this file" >&2 && exit 2 ;;
  esac
  shift 2
done
if [[ -z $python || ! -r $baseline ]] || ! "$python" -c 'import torch' 2>/dev/null; then
  echo "against-pytorch.sh: needs --python, one that imports torch (pip install torch), and --baseline, the file torch_baseline.py" >&2
  exit 2
fi
[[ -r bench/target/clusca-bench.jar ]] || { echo "against-pytorch.sh: run ./clusca test first, which builds bench/target/clusca-bench.jar" >&2 && exit 2; }
(($# > 0)) || set -- dit-xl/2:bf16:2 dit-xl/2:f32:2 dit-l/2:bf16:2 dit-b/2:bf16:2 models/shapes-dit:f32:20
mkdir -p "$(dirname "$out")"
java=$(dirname "$(./clusca --show-command doctor | tr ' ' '\n' | head -n 1 | tr -d "'\"")")/java
exec "$java" --enable-native-access=ALL-UNNAMED -cp bench/target/clusca-bench.jar dev.clusca.bench.AgainstPyTorch \
  "$python" "$baseline" "$threads" "$rounds" "$out" "$@"
