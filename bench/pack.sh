#!/usr/bin/env bash
# Packs what a checkout of this commit needs to run on a machine without a JDK, Maven and gcc: a small Java runtime, the jars, and the
# benchmarks beside PyTorch (bench host needs JMH, and a build).
#
#   bench/pack.sh [--gpu] FILE.tar.xz
#
#   --gpu   without oneDNN and JCuda, a quarter of the size: the cuda backend through FFM, and the reference backend
#
# There: tar xf FILE.tar.xz in the checkout (where xz is missing: python3 -m tarfile -e FILE.tar.xz .), and ./clusca runs what was
# packed, whatever else the checkout holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'pack.sh: %s\n' "$@" >&2
  exit 2
}

# Everything but drawing (java.desktop), which only plots need.
readonly MODULES=java.base,java.logging,java.management,jdk.jfr,jdk.management,jdk.unsupported

leave_out='^$'
if [[ ${1:-} == --gpu ]]; then
  leave_out='^(dnnl|jcuda|jcublas)-'
  shift
fi
[[ $# == 1 && $1 == *.tar.xz ]] || die "expected [--gpu] FILE.tar.xz, got: $*"
file=$(realpath -m "$1")
command -v xz >/dev/null || die "xz is needed; install it (Debian and Ubuntu: apt install xz-utils)"

./clusca build bench
java=$(./clusca --show-command doctor | cut -d ' ' -f 1)
jars=$(./clusca --class-path)
work=$(mktemp -d)
trap 'rm -rf "$work" "$file.part"' EXIT
packed=$work/target/packed
mkdir -p "$packed/lib" "$work/bench/target"
"${java%java}jlink" --add-modules "$MODULES" --strip-debug --no-header-files --no-man-pages --output "$packed/runtime"
for jar in "${jars%/\*}"/*.jar; do
  [[ ${jar##*/} =~ $leave_out ]] || cp "$jar" "$packed/lib"
done
cp bench/target/clusca-bench.jar "$work/bench/target"
git describe --always --dirty --abbrev=40 --exclude "*" >"$packed/commit" 2>/dev/null || echo unknown >"$packed/commit"

mkdir -p "$(dirname "$file")"
tar -C "$work" --owner 0 --group 0 -c target bench | xz -9e >"$file.part"
mv "$file.part" "$file"
printf '%s: %s MiB, of commit %s\n' "$1" "$(($(stat -c %s "$file") >> 20))" "$(<"$packed/commit")"
