#!/bin/sh
# Builds the recorder's kernel side with Debian's clang.   build.sh [OUTPUT]
set -eu
cd "$(dirname "$0")"
clang -target bpf -mcpu=v3 -O2 -g0 -Wall -Werror -Wno-unused-function -fno-ident -fno-asynchronous-unwind-tables -c recorder.bpf.c -o "${1:-recorder.x86_64.o}"
