#!/usr/bin/env bash
# Compiles every kernel family (kernels/*.cu) to PTX with nvcc, and writes the manifest that the library checks at load.
#
#   kernels/build.sh            writes kernels/ptx/*.ptx and kernels/ptx/manifest.json
#   kernels/build.sh --check    builds beside and compares with what is checked in; exit 0 and a message where another nvcc, or none, is installed
#
# The PTX is for compute_80 and later, so one text serves every supported GPU; its .version is the lowest that ptxas accepts, so that older drivers load it. ptxas
# assembles it for six architectures: a spill, or more registers than budget.txt allows, fails the build. JAVA_HOME names the JDK that runs Manifest.java.
set -euo pipefail

readonly ARCHITECTURES=(sm_80 sm_86 sm_89 sm_90 sm_100 sm_120)
readonly VERSIONS=(7.0 7.1 7.2 7.3 7.4 7.5 7.6 7.7 7.8 8.0 8.1 8.2 8.3 8.4 8.5 8.6 8.7 8.8 9.0)

die() {
  echo "kernels/build.sh: $*" >&2
  exit 1
}

cd "$(dirname "${BASH_SOURCE[0]}")"
# Sources are named relative to here: no path of this machine gets into the PTX.

nvcc_version() {
  nvcc --version | sed -n 's/.*release .*, V\([0-9.]*\).*/\1/p'
}

check=false
case ${1:-} in
  "") ;;
  --check) check=true ;;
  *) die "unknown argument \"$1\"; expected --check or nothing" ;;
esac

if $check; then
  recorded=$(sed -n 's/.*"nvcc": "\([0-9.]*\)".*/\1/p' ptx/manifest.json)
  if ! command -v nvcc >/dev/null; then
    echo "nvcc is not on PATH; the checked-in PTX was made by nvcc $recorded and is not compared"
    exit 0
  fi
  if [[ $(nvcc_version) != "$recorded" ]]; then
    echo "nvcc is $(nvcc_version), the checked-in PTX was made by nvcc $recorded; not compared"
    exit 0
  fi
fi
command -v nvcc >/dev/null || die "nvcc is not on PATH; install the CUDA toolkit 13.0"
command -v ptxas >/dev/null || die "ptxas is not on PATH; it comes with nvcc"

# One hash over the compilers and all files here.
inputs() {
  { nvcc --version && ptxas --version && find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2; } | sha256sum
}

# A check takes most of a minute, so that one that passed is not made again for the same inputs. They are hashed before: what is edited meanwhile is stale afterwards.
readonly PASSED=../target/kernels.checked
if $check; then
  checked=$(inputs)
  if [[ -r $PASSED && $(<"$PASSED") == "$checked" ]]; then
    echo "the checked-in PTX is what nvcc $(nvcc_version) makes of the sources: nothing has changed since that was checked"
    exit 0
  fi
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/ptx"

# Compiles family $1: the comments that nvcc writes name its build and nothing that a reader needs, so they go, and so do tabs and empty lines, a fifteenth of the text.
compile() {
  local family=$1 flags=()
  # The bits of these are part of a contract: no multiply-add where the source has a multiplication and an addition.
  if grep -q '^// exact' "$family.cu"; then
    flags+=(--fmad=false)
  fi
  nvcc -arch=compute_80 -ptx "${flags[@]}" -o "$work/$family.raw" "$family.cu"
  sed -E -e '/^[[:space:]]*\/\//d' -e 's/^\t+//' -e 's/ *\t[ \t]*/ /g' -e '/^$/d' "$work/$family.raw" >"$work/$family.body"
}

# Gives family $1 the lowest .version that ptxas takes it with. Only what a later version has is a reason to try that one.
lower() {
  local family=$1 version others
  for version in "${VERSIONS[@]}"; do
    sed "s/^\.version .*/.version $version/" "$work/$family.body" >"$work/ptx/$family.ptx"
    if ptxas -arch=sm_80 -o /dev/null "$work/ptx/$family.ptx" 2>"$work/$family.refusal"; then
      return
    fi
    others=$(grep -Ev 'requires PTX ISA \.version [0-9.]+ or later|Ptx assembly aborted due to errors' "$work/$family.refusal") || true
    if [[ -n $others ]] || ! grep -q 'requires PTX ISA' "$work/$family.refusal"; then
      die "ptxas refuses $family.ptx as .version $version, and not for its version: ${others:-$(cat "$work/$family.refusal")}"
    fi
  done
  die "ptxas takes $family.ptx under no .version: $(cat "$work/$family.refusal")"
}

# nvcc's code for attention.cu hangs on where its tables lie in memory, and with them on random addresses, the environment and the folder's name: of four builds one is another. A build that is the
# checked-in one shows that the sources make it.
if $check; then readonly TRIES=8; else readonly TRIES=2; fi

# Compiles family $1 and has ptxas assemble it for every architecture.
build() {
  local family=$1 architecture try
  nvcc -arch=compute_80 -E -o "$work/$family.i" "$family.cu"
  for ((try = 1; try <= TRIES; try++)); do
    compile "$family"
    lower "$family"
    if cmp -s "$work/ptx/$family.ptx" "ptx/$family.ptx"; then
      break
    fi
  done
  for architecture in "${ARCHITECTURES[@]}"; do
    ptxas -v -arch="$architecture" -o /dev/null "$work/ptx/$family.ptx" 2>"$work/$family.$architecture.log" ||
      die "ptxas for $architecture: $(cat "$work/$family.$architecture.log")"
  done
}

# All families at once: nvcc spends most of its time waiting.
declare -A building
for source in *.cu; do
  build "${source%.cu}" &
  building[$source]=$!
done
for source in "${!building[@]}"; do
  wait "${building[$source]}" || die "$source does not build"
done

"${JAVA_HOME:+$JAVA_HOME/bin/}java" Manifest.java "$(nvcc_version)" "$work" . "${ARCHITECTURES[@]}"

if $check; then
  diff -rq "$work/ptx" ptx || die "the checked-in PTX is stale; run kernels/build.sh and commit kernels/ptx"
  mkdir -p "$(dirname "$PASSED")"
  echo "$checked" >"$PASSED"
  echo "the checked-in PTX is what nvcc $(nvcc_version) makes of the sources"
else
  mkdir -p ptx
  rm -f ptx/*.ptx ptx/manifest.json
  cp "$work"/ptx/* ptx/
fi
