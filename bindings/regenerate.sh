#!/usr/bin/env bash
# Generates the bindings of one library anew with the jextract on PATH.
#
#   bindings/regenerate.sh LIB INCLUDE_DIR...
#
#   LIB           cuda | cudnn | cublaslt | onednn
#   INCLUDE_DIR   folders with the library's headers and those that they include, for example
#                 /usr/local/cuda/include, or the include folder of the dnnl jar
#
# patterns/LIB/patterns.txt says what to take, one "KIND REGEX" a line. It is expanded over all names in the headers into
# patterns/LIB/includes.txt, which jextract reads, so that a change of the headers shows in a diff.
# Take a jextract with libclang 14: libclang 18 emits broken code for anonymous structs.
set -euo pipefail

die() {
  echo "regenerate.sh: $*" >&2
  exit 1
}

(($# >= 2)) || die "usage: regenerate.sh cuda|cudnn|cublaslt|onednn INCLUDE_DIR..."
library=$1
shift
case $library in
  cuda) class=Cuda headers=(cuda.h) ;;
  cudnn) class=Cudnn headers=(cudnn.h) ;;
  cublaslt) class=CublasLt headers=(cublasLt.h) ;;
  onednn) class=OneDnn headers=(dnnl.h dnnl_debug.h) ;;
  *) die "no library \"$library\"; expected cuda, cudnn, cublaslt or onednn" ;;
esac
command -v jextract >/dev/null ||
  die "jextract is not on PATH; install it from https://jdk.java.net/jextract or with: sdk install jextract"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
patterns=$here/patterns/$library
package=dev.clusca.bindings.$library
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

includes=()
for folder in "$@"; do
  [[ -d $folder ]] || die "$folder is no folder"
  includes+=(-I "$folder")
done

printf '#include <%s>\n' "${headers[@]}" >"$work/all.h"
jextract "${includes[@]}" --dump-includes "$work/dump.txt" "$work/all.h"
# The dump says behind each name which header it comes from.
sed 's/ *#.*//' "$work/dump.txt" >"$work/names.txt"

# A name is taken when a pattern of its kind matches all of it.
while read -r kind regex; do
  grep -xE -- "--include-$kind $regex" "$work/names.txt" || [[ $? == 1 ]]
done <"$patterns/patterns.txt" | LC_ALL=C sort -u >"$work/includes.txt"
[[ -s $work/includes.txt ]] || die "no name in ${headers[*]} matches $patterns/patterns.txt"

jextract "${includes[@]}" -t "$package" --header-class-name "$class" --output "$work/java" @"$work/includes.txt" "$work/all.h"

target=$here/java/dev/clusca/bindings/$library
rm -rf "$target"
mkdir -p "$target"
cp "$work/java/dev/clusca/bindings/$library"/*.java "$target"
cp "$work/includes.txt" "$patterns/includes.txt"
echo "generated $package: $(grep -c -- --include-function "$patterns/includes.txt") functions"
echo "now bring resources/dev/clusca/bindings/$library/symbols.txt in line; a test compares the two"
