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

# compile OBJECT SOURCE FLAGS...
compile() {
    object=$1
    source=$2
    shift 2
    # shellcheck disable=SC2086
    "$compiler" $common "$@" -c "$here/cpu/$source.c" -o "$work/$object.o"
}

# level NAME FLAGS...: every kernel family for one level of the instruction set
level() {
    level=$1
    shift
    for family in table entry block product convolution group_norm attention ladder prefix clusters rows image peak; do
        compile "${family}_$level" "$family" "-DLEVEL=$level" "$@"
    done
}

level v3 -march=x86-64-v3 &
v3=$!
level v4 -march=x86-64-v4 -mprefer-vector-width=512
level v4_bf16 -march=x86-64-v4 -mavx512bf16 -mprefer-vector-width=512
wait $v3
compile dispatch dispatch
compile memory memory

"$compiler" -shared -fopenmp -Wl,-soname,libclusca_cpu.so -Wl,-z,defs -Wl,-z,relro,-z,now -o "$work/libclusca_cpu.so" "$work"/*.o -lm
publish "$out" libclusca_cpu.so

# The stand-in has a driver's name, so it lies where no search for libraries looks.
calls=$here/../bindings/resources/dev/clusca/bindings/standin/calls.txt
"$here/emulator/exports.sh" "$calls" "$here/emulator/refused.txt" >"$work/exports.inc"
"$compiler" -std=c17 -O2 -fPIC -fvisibility=hidden -Wall -Wextra -Werror -I"$work" -shared \
    -Wl,-soname,libcuda.so.1 -Wl,-z,defs -Wl,-z,relro,-z,now -o "$work/libcuda.so.1" "$here/emulator/standin.c"
publish "$out/emulator" libcuda.so.1
