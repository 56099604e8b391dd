#!/bin/sh
# Builds the recorder's kernel side with Debian's clang, for both machines.   build.sh [DIRECTORY]
set -eu
cd "$(dirname "$0")"
for machine in x86_64 arm64; do
    clang -target bpf -mcpu=v3 -O2 -g0 -Wall -Werror -Wno-unused-function -fno-ident -fno-asynchronous-unwind-tables \
        -D"$(echo $machine | tr a-z A-Z)" -c recorder.bpf.c -o "${1:-.}/recorder.$machine.o"
done
