#!/usr/bin/env bash
# Measures a DiT-XL/2 pipeline of the published shapes, weights random in bfloat16, from file to picture: how long its 1.35 GB take to load from a cold file, beside reading
# that file once, and the most memory that a run holds. The method is in METHOD.md.
#
#   bench/pipeline.sh [--size 256|512] [--steps N] [--rounds N] [--folder DIR]
#
#   --size     of the pictures, default 256
#   --steps    of the run whose memory is watched, default 10
#   --rounds   of reading and loading, in turns, default 3
#   --folder   where the pipeline lies or is written to (1.5 GB), kept; default: a temporary one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'pipeline.sh: %s\n' "$@" >&2
  exit 2
}

size=256 steps=10 rounds=3 folder=''
while (($#)); do
  case $1 in
    --size | --steps | --rounds | --folder)
      (($# > 1)) || die "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    *) die "there is no option $1; see the head of this file" ;;
  esac
done
[[ $size =~ ^(256|512)$ ]] || die "--size is 256 or 512, got $size"
[[ $steps$rounds =~ ^[0-9]+$ ]] || die "--steps and --rounds are numbers, got $steps and $rounds"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
folder=${folder:-$scratch/pipeline}
./clusca build bench
java=$(./clusca --show-command doctor | cut -d ' ' -f 1)
run() {
  "$java" --enable-native-access=ALL-UNNAMED -cp bench/target/clusca-bench.jar dev.clusca.bench.PublishedPipeline "$@"
}
file=$folder/transformer/diffusion_pytorch_model.safetensors
[[ -e $file ]] || run write "$folder" "$size"
sync "$file"

# Out of the system's cache of files; without root, the file system is asked for this file alone.
forget() {
  dd if="$file" iflag=nocache count=0 status=none
}
seconds() {
  local began=$EPOCHREALTIME
  "$@"
  printf '%s %s' "$began" "$EPOCHREALTIME" | awk '{printf "%.3f", $2 - $1}'
}

printf 'file: %s bytes\n' "$(stat -c %s "$file")"
for ((i = 0; i < rounds; i++)); do
  forget
  read_once=$(seconds dd if="$file" of=/dev/null bs=4M status=none)
  forget
  cold=$(run load "$folder" bf16)
  warm=$(run load "$folder" bf16)
  printf 'read once %s s, load cold %s s (%sx), load again %s s\n' "$read_once" "$cold" "$(awk "BEGIN {printf \"%.2f\", $cold / $read_once}")" "$warm"
done

./clusca sample --model "$folder" --dtype bf16 --classes 1 --steps "$steps" --policy clusca:interval=5 --cfg 4 --out "$scratch/picture.png" -q &
sampler=$!
most=0
while kill -0 $sampler 2>/dev/null; do
  # The launcher becomes the JVM.
  now=$(awk '/^RssAnon/ {print $2}' /proc/$sampler/status 2>/dev/null || true)
  ((${now:-0} <= most)) || most=$now
  sleep 0.2
done
wait $sampler
printf 'most anonymous memory of a run with %s steps and its picture: %s MiB\n' "$steps" $((most / 1024))
