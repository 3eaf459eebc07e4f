#!/usr/bin/env bash
# What only a GPU can show, in the order of its worth: whether every kernel is right on it, what compute-sanitizer finds, what operations and whole models take, and whether
# a long run keeps its memory. A part that fails does not keep the others from running: a borrowed machine has little time.
#
#   bench/gpu.sh [OPTIONS] [PART ...]
#
#   check      every operation against the reference backend, and the golden values
#   sanitize   memcheck, racecheck, initcheck and synccheck over small operations, and over those where blocks meet
#   kernels    operations at DiT-XL/2's sizes, added to this device's file in bench/history
#   models     ClusCa's chain as one kernel beside three launches a layer; DiT-XL/2, the demo's model, a slice of FLUX.1 and the autoencoder's decoder beside PyTorch, where a Python has it
#   long       1,000 images in one process: the device's memory, and the same images again
#
#   --out FOLDER   where logs and results go; default bench/target/gpu
#   --minutes N    for all parts together; default 60. Each part has a share of what is left, and what would take longer is ended
#   --python FILE  a Python that imports torch, as peers.sh takes it
#   --emulate      a rehearsal without a GPU: check and kernels, on a few operations
#
# Prints a line for each part. Exit code 1 if a part failed or was ended.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'gpu.sh: %s\n' "$@" >&2
  exit 2
}

out=bench/target/gpu minutes=60 python=() emulate=''
while [[ ${1:-} == --* ]]; do
  case $1 in
    --emulate) emulate=1 ;;
    --out | --minutes | --python)
      (($# > 1)) || die "$1 needs a value"
      case $1 in
        --out) out=$2 ;;
        --minutes) minutes=$2 ;;
        --python) python=(--python "$2") ;;
      esac
      shift
      ;;
    *) die "there is no option $1; see the head of this file" ;;
  esac
  shift
done
[[ $minutes =~ ^[1-9][0-9]*$ ]] || die "--minutes takes a whole number, not $minutes"
parts=("$@")
if (($# == 0)); then
  parts=(check sanitize kernels models long)
  [[ -z $emulate ]] || parts=(check kernels)
fi
for part in "${parts[@]}"; do
  [[ $part =~ ^(check|sanitize|kernels|models|long)$ ]] || die "there is no part $part; see the head of this file"
  [[ -z $emulate || $part =~ ^(check|kernels)$ ]] || die "$part needs a GPU; a rehearsal has check and kernels"
done

mkdir -p "$out"
./clusca build bench || exit 1
# Where torch is, pip put cuBLAS and cuDNN as well.
candidates=(.venv/bin/python python3)
((${#python[@]} == 0)) || candidates=("${python[1]}")
for candidate in "${candidates[@]}"; do
  if [[ -z ${VIRTUAL_ENV:-} ]] && prefix=$("$candidate" -c 'import sys, torch; print(sys.prefix)' 2>/dev/null); then
    export VIRTUAL_ENV=$prefix
  fi
done
end=$((SECONDS + minutes * 60))

# Ends what runs in the background. The shell's own list has every job from the moment it starts.
stop() {
  # shellcheck disable=SC2046 # one word for each job
  kill $(jobs -p) 2>/dev/null
}
trap stop EXIT
trap 'exit 130' INT TERM

# What a part may take of the time that is left, beside the parts after it.
declare -A share=([check]=4 [sanitize]=3 [kernels]=3 [models]=5 [long]=2)

# Runs a command for as long as its part has time. In the background, for only so a signal is heard meanwhile; timeout passes it on.
limited() {
  local left=$((part_end - SECONDS)) status=0
  ((left > 0)) || { echo "no time left"; return 124; }
  timeout --kill-after 15 "$left" "$@" &
  wait "$!" || status=$?
  return "$status"
}

# The same for a quarter of that time: what waits for itself and may hang must not take all of it.
briefly() {
  local part_end=$((SECONDS + (part_end - SECONDS) / 4))
  limited "$@"
}

# Keeps the worst that commands of a part ended with, in the part's own `status`: what one found is not hidden by another that had no time.
keep() {
  (($1 == 0 || (status != 0 && status != 124 && status != 137))) || status=$1
}

check() {
  if [[ -n $emulate ]]; then
    limited ./clusca verify --emulate --quiet --op '^(kMeans|gatherRows|ladderUpdate)/'
  else
    local status=0
    briefly ./clusca verify --backend cuda:chain --quiet --op '^(prefixChain|dit/trajectories/clusca)' || keep "$?"
    limited ./clusca verify --backend cuda --quiet || keep "$?"
    return "$status"
  fi
}

# Calls of the driver that fail are exceptions in Java already, and one is meant to: the only way to count a kernel's parameters is to ask for one too many.
sanitize() {
  local java names tool status=0
  command -v compute-sanitizer || { echo "compute-sanitizer is not on the PATH; it comes with the CUDA toolkit"; return 1; }
  eval "java=($(./clusca --show-command))"
  names="$(smallest)|$DEEP" || return
  for tool in memcheck initcheck racecheck synccheck; do
    echo "== $tool"
    limited compute-sanitizer --tool "$tool" --target-processes all --report-api-errors no --error-exitcode 9 "${java[@]}" verify --backend cuda --quiet --op "$names" || keep "$?"
  done
  for tool in racecheck memcheck; do
    echo "== $tool, the chain"
    limited compute-sanitizer --tool "$tool" --target-processes all --report-api-errors no --error-exitcode 9 "${java[@]}" verify --backend cuda:chain --quiet --op "$CHAIN" || keep "$?"
  done
  return "$status"
}

# Cases whose blocks share out one sum, hand parts to each other or wait for all, and whose asynchronous copies go round.
readonly DEEP='^(gemm/(bf16|f32)/16x4608x1152|gemm/bf16[+]f32/1100x72x1152|gemmResidual/bf16/(1x256x1152x1152|2x16x4608x1152)|gemmRefresh/bf16[+]f32/69x17x1152|kMeans/f32/(3x97x257|2x256x1152)/k16|attention/(bf16|f32)/1x256x1152|attention/bf16/1x64x512|groupNorm/bf16/1x32x32x512|convolve/bf16[+]f32/1x96x96x32x128)/'

# The one kernel that does what several operations do, in a variant.
readonly CHAIN='^prefixChain/bf16[+]f32/(2x64x192|4x20x64)/'

# An expression for the case of each operation and type that moves the fewest bytes.
smallest() {
  ./clusca verify --backend cuda --list | awk '
    $NF == "bytes" {
      split($1, part, "/")
      key = part[1] "/" part[2]
      if (!(key in name) || $(NF - 1) < least[key]) { least[key] = $(NF - 1); name[key] = $1 }
    }
    END {
      for (key in name) {
        gsub(/[^A-Za-z0-9\/]/, "[&]", name[key])
        all = all (all == "" ? "" : "|") name[key]
      }
      print "^(" all ")$"
      exit all == ""
    }'
}

kernels() {
  local status=0
  if [[ -n $emulate ]]; then
    limited ./clusca bench kernels '^kMeans' --emulate --json "$out/kernels.json"
    return
  fi
  touch "$out/began"
  limited ./clusca bench kernels --backend cuda --dtype bf16,f32 --record --json "$out/kernels.json" || status=$?
  find bench/history -name '*.jsonl' -newer "$out/began" -exec cp {} "$out" \;
  return "$status"
}

# The chain of 28 layers as one kernel and as three launches each: what decides which one cuda takes.
chain() {
  local backend status=0
  for backend in cuda:chain cuda; do
    briefly ./clusca bench models --backend "$backend" --model random:dit-xl/2 --dtype bf16 --policies clusca --intervals 5 --batch 1 --no-plot --json "$out/${backend/:/-}.json" || keep "$?"
  done
  return "$status"
}

models() {
  local status=0
  chain || keep "$?"
  limited bench/peers.sh models --device cuda ${python[@]+"${python[@]}"} --out "$out/models.jsonl" \
    dit-xl/2:bf16:2 dit-xl/2:bf16:64 sd-vae/256:bf16:1 dit-xl/2:f32:2 models/shapes-dit:bf16:20 flux-dev/2+4/1024:bf16:1 sd-vae/512:bf16:1 || keep "$?"
  return "$status"
}

long() {
  local images=$out/images status=0 image memory watcher
  rm -rf "$images"
  watch_memory "$images/all" >"$out/memory.csv" &
  watcher=$!
  pictures 1000 "$images/all" || status=$?
  kill "$watcher" 2>/dev/null
  # A whole batch: of other numbers of rows long sums are split otherwise, and round so.
  ((status != 0)) || pictures 32 "$images/again" || status=$?
  if ((status == 0)); then
    for image in "$images"/again/*.png; do
      cmp "$image" "$images/all/${image##*/}" || status=1
    done
  fi
  rm -rf "$images"
  ((status == 0)) || return "$status"
  # From the second batch on pools are full, and after the last picture they are freed. What one more picture would keep, a thousand would show.
  memory=$(awk -v bound=64 '$1 >= 64 && $1 < 1000 { used[++n] = $2 }
    END {
      if (n < 3) { print "nvidia-smi told too little of the memory"; exit 1 }
      least = most = used[1]
      for (i = 2; i <= n; i++) { if (used[i] < least) least = used[i]; if (used[i] > most) most = used[i] }
      printf "%d to %d MiB of memory in %d samples from the 64th image on", least, most, n
      exit most - least > bound
    }' "$out/memory.csv") || status=1
  echo "1000 images, the first 32 of them made again and equal; $memory"
  return "$status"
}

# Again and again: the pictures that a folder holds, and the MiB of the device's memory that are taken.
watch_memory() {
  local used
  while read -r used; do
    echo "$(find "$1" -name '[0-9]*.png' 2>/dev/null | wc -l) $used"
  done < <(exec nvidia-smi --id=0 --query-gpu=memory.used --format=csv,noheader,nounits --loop-ms=200)
}

pictures() {
  limited ./clusca sample --backend cuda --model models/shapes-dit --policy clusca:interval=5 --cfg 3 --seed 7 --count "$1" --out "$2" --quiet
}

failed=0
for i in "${!parts[@]}"; do
  part=${parts[i]} began=$SECONDS status=0 shares=0
  for later in "${parts[@]:i}"; do
    shares=$((shares + ${share[$later]}))
  done
  part_end=$((began + (end - began) * ${share[$part]} / shares))
  "$part" >"$out/$part.log" 2>&1 || status=$?
  case $status in
    0) how=done ;;
    124 | 137) how="ENDED, no time left" ;;
    *) how="FAILED, code $status" ;;
  esac
  ((status == 0)) || failed=1
  printf '%s: %s, %s s; %s\n' "$part" "$how" "$((SECONDS - began))" "$(tail -n 1 "$out/$part.log")"
done
exit "$failed"
