#!/bin/bash
# Build target/deploy/choir.so with the tool chain of setup.sh and tell its SHA-256.
# The result depends on the sources, Cargo.lock and the tools alone, not on folders or environment.
set -euo pipefail
cd "$(dirname "$0")"
SBF_HOME="${SBF_HOME:-/opt/sbf}"
CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}"
TARGET=bpfel-unknown-none
export CARGO_HOME PATH="$SBF_HOME/bin:$PATH"
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$PWD/target"
unset RUSTC_WRAPPER

flags=(
  -C linker=sbpf-linker -C panic=abort -C relocation-model=static -C target-cpu=v2
  # the virtual machine has no alignment rule; without the feature keys are copied byte by byte
  -C target-feature=+allows-misaligned-mem-access
  -C link-arg=--arch=v0 -C link-arg=--llvm-args=--bpf-stack-size=4096
)

# Panic messages hold source paths: name them alike on every machine.
/usr/bin/cargo fetch --quiet --locked --target $TARGET
flags+=("--remap-path-prefix=$PWD=/src")
for registry in "$CARGO_HOME"/registry/src/*/; do
  flags+=("--remap-path-prefix=${registry%/}=/crates")
done
printf -v CARGO_ENCODED_RUSTFLAGS '%s\x1f' "${flags[@]}"
export CARGO_ENCODED_RUSTFLAGS="${CARGO_ENCODED_RUSTFLAGS%$'\x1f'}"

# A failed link must not leave the old file, and cargo must not believe that it is still there.
rm -rf target/deploy/choir.so target/$TARGET/release/.fingerprint/choir-*
/usr/bin/cargo build --quiet --release --locked --target $TARGET -Z build-std=core,alloc
python3 check_so.py target/deploy/choir.so
