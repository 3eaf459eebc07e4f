#!/bin/sh
# Builds the C libraries of native/ and puts them, each beside its SHA-256, where the bindings look for them on the class path:
#   native/build.sh OUTDIR  ->  OUTDIR/dev/clusca/natives/linux-x86_64/libclusca_cpu.so{,.sha256}      the CPU kernels
#                               OUTDIR/dev/clusca/natives/linux-x86_64/emulator/libcuda.so.1{,.sha256}  the stand-in CUDA driver
set -eu

if [ $# -ne 1 ]; then
    echo "usage: native/build.sh OUTDIR" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
platform=linux-x86_64
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "native/build.sh: the native libraries are built for Linux on x86-64, this is $(uname -s) on $(uname -m); without them the reference backend still runs" >&2
    exit 1
fi
compiler=${CC:-gcc}
if ! command -v "$compiler" >/dev/null 2>&1; then
    echo "native/build.sh: found no $compiler; install gcc 11 or newer (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc) or set CC" >&2
    exit 1
fi
mkdir -p "$1/dev/clusca/natives/$platform"
calls=$here/../bindings/resources/dev/clusca/bindings/standin/calls.txt

# hashes PATH...: those of all files there
hashes() {
    find "$@" -type f -exec sha256sum {} + | LC_ALL=C sort -k 2
}

# Compiling takes most of a minute: nothing is done where the same compiler made these very files from the same sources. They are hashed before: what is edited meanwhile is stale
# afterwards. The stamp lies beside OUTDIR, whose content goes into the jar.
stamp=$1.stamp
sources=$("$compiler" --version && hashes "$here" "$calls")
[ ! -r "$stamp" ] || [ "$(cat "$stamp")" != "$sources$(hashes "$1")" ] || exit 0
rm -f "$stamp"
out=$(cd "$1/dev/clusca/natives/$platform" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without -fno-trapping-math, AVX2 code for a conditional stays scalar; it changes no result, only floating-point flags that nobody reads.
common="-std=c17 -O3 -fPIC -fopenmp -fvisibility=hidden -ffp-contract=off -fno-math-errno -fno-trapping-math -Wall -Wextra -Werror"

# publish FOLDER FILE: moves a finished library into its place, with its hash beside it
publish() {
    mkdir -p "$1"
    sha256sum "$work/$2" | cut -d' ' -f1 >"$work/$2.sha256"
    mv "$work/$2" "$work/$2.sha256" "$1/"
}

# level NAME FLAGS...: one line for each kernel family, for one level of the instruction set: its object, its source, and its flags. What takes longest comes first
level() {
    level=$1
    shift
    for family in attention convolution product prefix block ladder group_norm clusters entry rows image peak table; do
        echo "${family}_$level $family -DLEVEL=$level $*"
    done
}

# shellcheck disable=SC2016 # the inner shell fills it in
{
    level v4 -march=x86-64-v4 -mprefer-vector-width=512
    level v4_bf16 -march=x86-64-v4 -mavx512bf16 -mprefer-vector-width=512
    level v4_amx -march=x86-64-v4 -mavx512bf16 -mamx-tile -mamx-bf16 -mprefer-vector-width=512
    level v3 -march=x86-64-v3
    echo dispatch dispatch
    echo memory memory
} | compiler=$compiler common=$common work=$work here=$here xargs -P "$(nproc)" -L 1 sh -c '
    object=$1 source=$2
    shift 2
    exec "$compiler" $common "$@" -c "$here/cpu/$source.c" -o "$work/$object.o"' compile

"$compiler" -shared -fopenmp -Wl,-soname,libclusca_cpu.so -Wl,-z,defs -Wl,-z,relro,-z,now -o "$work/libclusca_cpu.so" "$work"/*.o -lm
publish "$out" libclusca_cpu.so

# The stand-in has a driver's name, so it lies where no search for libraries looks.
"$here/emulator/exports.sh" "$calls" "$here/emulator/refused.txt" >"$work/exports.inc"
"$compiler" -std=c17 -O2 -fPIC -fvisibility=hidden -Wall -Wextra -Werror -I"$work" -shared \
    -Wl,-soname,libcuda.so.1 -Wl,-z,defs -Wl,-z,relro,-z,now -o "$work/libcuda.so.1" "$here/emulator/standin.c"
publish "$out/emulator" libcuda.so.1
echo "$sources$(hashes "$1")" >"$stamp"
