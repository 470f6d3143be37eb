#!/bin/bash
# Build target/deploy/choir.so.
set -euo pipefail
cd "$(dirname "$0")"
SBF_HOME="${SBF_HOME:-/opt/sbf}"
CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}"
export PATH="$SBF_HOME/bin:$PATH"
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0
export RUSTFLAGS="-C linker=sbpf-linker -C panic=abort -C relocation-model=static -C target-cpu=v2 \
 -C link-arg=--arch=v0 -C link-arg=--llvm-args=--bpf-stack-size=4096 \
 --remap-path-prefix=$CARGO_HOME/registry/src=/crates --remap-path-prefix=$PWD=/src"
rm -f target/deploy/choir.so # a failed link must not leave the old one
/usr/bin/cargo build --release --locked --target bpfel-unknown-none -Z build-std=core,alloc "$@"
python3 check_so.py target/deploy/choir.so
