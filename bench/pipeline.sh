#!/usr/bin/env bash
# Measures a DiT-XL/2 pipeline of the published shapes, weights random in bfloat16, from file to picture: how long its 1.35 GB take to load from a cold file, beside reading
# that file once, and the most memory that a run holds. The method is in METHOD.md.
#
#   bench/pipeline.sh [--size 256|512] [--steps N] [--rounds N] [--disk-rate MB] [--folder DIR]
#
#   --size     of the pictures, default 256
#   --steps    of the run whose memory is watched, default 10
#   --rounds   of reading and loading, in turns, default 3
#   --disk-rate  megabytes a second that the disk may deliver, held by the kernel (needs root): a virtual machine's host may keep the file in memory, as fast as no disk
#   --folder   where the pipeline lies or is written to (1.5 GB), kept; default: a temporary one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'pipeline.sh: %s\n' "$@" >&2
  exit 2
}

size=256 steps=10 rounds=3 disk_rate= folder=''
while (($#)); do
  case $1 in
    --size | --steps | --rounds | --disk-rate | --folder)
      (($# > 1)) || die "$1 needs a value"
      name=${1#--}
      declare "${name//-/_}=$2"
      shift 2
      ;;
    *) die "there is no option $1; see the head of this file" ;;
  esac
done
[[ $size =~ ^(256|512)$ ]] || die "--size is 256 or 512, got $size"
[[ $steps$rounds$disk_rate =~ ^[0-9]+$ ]] || die "--steps, --rounds and --disk-rate are numbers, got $steps, $rounds and $disk_rate"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
folder=${folder:-$scratch/pipeline}
./clusca build bench
java=$(./clusca --show-command doctor | cut -d ' ' -f 1)
# run COMMAND ARGUMENT ARGUMENT [FLAG...]
run() {
  "$java" --enable-native-access=ALL-UNNAMED "${@:4}" -cp bench/target/clusca-bench.jar dev.clusca.bench.PublishedPipeline "${@:1:3}"
}
file=$folder/transformer/diffusion_pytorch_model.safetensors
[[ -e $file ]] || run write "$folder" "$size"
sync "$file"

# Holds the disk of the file to so many megabytes a second, for this script and what it starts.
hold_disk() {
  local group device limit
  device=$(lsblk -ndo MAJ:MIN "$(df --output=source "$file" | tail -1)" | tr -d ' ')
  if [[ -w /sys/fs/cgroup/blkio ]]; then
    group=/sys/fs/cgroup/blkio/clusca-disk limit=blkio.throttle.read_bps_device
    mkdir -p "$group"
    echo "$device ${1}000000" >"$group/$limit"
  elif [[ -w /sys/fs/cgroup/cgroup.procs ]]; then
    group=/sys/fs/cgroup/clusca-disk
    mkdir -p "$group"
    echo "$device rbps=${1}000000" >"$group/io.max"
  else
    die "--disk-rate needs root and control groups"
  fi
  echo $$ >"$group/cgroup.procs"
}
[[ -z $disk_rate ]] || hold_disk "$disk_rate"

# Out of the system's cache of files; without root, the file system is asked for this file alone.
forget() {
  dd if="$file" iflag=nocache count=0 status=none
}
seconds() {
  local began=$EPOCHREALTIME
  "$@"
  printf '%s %s' "$began" "$EPOCHREALTIME" | awk '{printf "%.3f", $2 - $1}'
}

# Classes come from an archive, as the launcher has one.
run load "$folder" bf16 -XX:AOTCacheOutput="$scratch/load.aot" '-Xlog:aot*=off' >"$scratch/aot.log" 2>&1 || die "$(<"$scratch/aot.log")"
loaded() {
  run load "$folder" bf16 -XX:AOTCache="$scratch/load.aot" '-Xlog:aot*=off'
}
printf 'file: %s bytes\n' "$(stat -c %s "$file")"
for ((i = 0; i < rounds; i++)); do
  forget
  read_once=$(seconds dd if="$file" of=/dev/null bs=4M status=none)
  forget
  cold=$(loaded)
  warm=$(loaded)
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
