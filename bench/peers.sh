#!/usr/bin/env bash
# Measures clusca and, where it is installed, PyTorch over the same shapes in one run, and prints one table of ratios; the method is in METHOD.md.
#
#   bench/peers.sh kernels [--shapes MODEL] [--dtype TYPE] [--ours FILE]    single operations at a model's shapes
#   bench/peers.sh models [--rounds N] [MODEL:DTYPE:ROWS ...]               whole models, both sides in turns
#   bench/peers.sh all [OPTIONS] [MODEL:DTYPE:ROWS ...]                     both
#
#   --shapes   dit-xl/2 (default), another published size, or a folder
#   --dtype    f32 (default) or bf16
#   --ours     what ./clusca bench kernels --json wrote, instead of measuring again
#   --rounds   turns of each side, default 2
#   --python   a Python that imports torch; default .venv/bin/python, else python3. Without one, clusca is measured alone
#   --device   of both sides: cpu (default) or cuda
#   --threads  on both sides; default: as many as this process may use
#   --quick    a first look: little time for each measurement, no compiled forms of single operations, one round
#   --out      where records of whole models are added, one JSON line a process; default bench/target/peers.jsonl, kept ones lie in bench/history
#   MODEL:..   default: dit-xl/2 in bf16 and f32, dit-l/2, dit-b/2 and models/shapes-dit. A slice of FLUX.1 by its double and single blocks and
#              the side of its picture in pixels: flux-dev/1+2/512:f32:1. The decoder of Stable Diffusion's autoencoder: sd-vae/256:f32:1
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'peers.sh: %s\n' "$@" >&2
  exit 2
}

what=${1:-}
[[ $what =~ ^(kernels|models|all)$ ]] || die "which peers? There are kernels, models and all; see the head of this file"
shift
shapes=dit-xl/2 dtype=f32 ours='' rounds=2 python='' device=cpu threads='' quick=0 out=bench/target/peers.jsonl
while [[ ${1:-} == --* ]]; do
  case $1 in
    --quick) quick=1 ;;
    --shapes | --dtype | --ours | --rounds | --python | --device | --threads | --out)
      (($# > 1)) || die "$1 needs a value"
      declare "${1#--}=$2"
      shift
      ;;
    *) die "there is no option $1; see the head of this file" ;;
  esac
  shift
done
[[ $what != kernels || $# == 0 ]] || die "kernels takes no $1; --shapes names the model"
for model; do
  [[ $model =~ ^[^:]+:(f32|bf16):[1-9][0-9]*$ ]] || die "'$model' is not MODEL:DTYPE:ROWS, as in dit-xl/2:bf16:2, two rows being one image"
done

# The first Python that imports torch; absent says why there is none.
absent=''
find_python() {
  local candidate tried=()
  for candidate in ${python:+"$python"} .venv/bin/python python3; do
    if "$candidate" -c 'import torch' 2>/dev/null; then
      python=$candidate
      return
    fi
    tried+=("$candidate")
    [[ -z $python ]] || break
  done
  python=''
  absent="pytorch: absent, tried ${tried[*]}; pip install torch, or name a Python that imports it with --python"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
find_python
./clusca build bench
java=$(./clusca --show-command doctor | cut -d ' ' -f 1)
jars=$(./clusca --class-path)
run() {
  "$java" --enable-native-access=ALL-UNNAMED -cp "bench/target/clusca-bench.jar:$jars" "$@"
}
tables=() status=0

if [[ $what != models ]]; then
  if [[ -z $ours ]]; then
    ours=$scratch/ours.json
    ./clusca bench kernels --backend "$device" --shapes "$shapes" --dtype "$dtype" ${threads:+--threads "$threads"} --json "$ours"
  fi
  : >"$scratch/peers.jsonl"
  if [[ -n $python ]]; then
    options=(--compile)
    ((!quick)) || options=(--limit 0.2 --least 2)
    "$python" bench/peers.py kernels "$shapes" --dtype "$dtype" --device "$device" --threads "${threads:-$(nproc)}" "${options[@]}" >"$scratch/peers.jsonl"
  fi
  tables+=(--kernels "$ours" --peers "$scratch/peers.jsonl")
fi

if [[ $what != kernels ]]; then
  (($# > 0)) || set -- dit-xl/2:bf16:2 dit-xl/2:f32:2 dit-l/2:bf16:2 dit-b/2:bf16:2 models/shapes-dit:f32:20
  options=()
  ((!quick)) || options=(--quick)
  mkdir -p "$(dirname "$out")"
  run dev.clusca.bench.AgainstPyTorch "${python:--}" "$device" "${threads:-$(nproc)}" "$rounds" "$(git describe --always --dirty=+ --exclude='*' 2>/dev/null || true)" "$out" "${options[@]}" "$@" || status=$?
  tables+=(--models "$out")
fi

run dev.clusca.bench.PeerTable "${tables[@]}" ${absent:+--absent "$absent"}
exit "$status"
