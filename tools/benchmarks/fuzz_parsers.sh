#!/usr/bin/env bash
# Coverage-guided fuzzing of the parsers in C: libFuzzer, AddressSanitizer, UBSan. Needs clang.
#
#     bash tools/benchmarks/fuzz_parsers.sh SECONDS [TARGET...]
#
# Runs each target (h264 headers hevc mpeg4 tracker vp9) for that long, from streams of the clips of
# clip_matrix.py and what earlier runs have found. Inputs that crash, hang or break a promise are
# left in FUZZ_DIR (work_dirs/fuzz) as TARGET-crash-*, and end the run; TARGET.log has the details.
# Once more with
#     work_dirs/fuzz/TARGET INPUT
set -euo pipefail
seconds=${1:?usage: fuzz_parsers.sh SECONDS [TARGET...]}
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${FUZZ_DIR:-work_dirs/fuzz}
sources=$root/compressedvideo/bitstream/csrc
targets=$root/tests/compressedvideo/bitstream/fuzz
flags=(-std=c11 -g -O1 "-I$sources" -fno-sanitize-recover=all)
mkdir -p "$folder/objects"
[ -d "$folder/corpus" ] || python "$root/tools/benchmarks/fuzz_corpus.py" "$folder/corpus"

for file in "$sources"/*.c; do
    case $file in *module.c | *_python.c | */header_parser.c) continue ;; esac # for Python
    clang "${flags[@]}" -fsanitize=fuzzer-no-link,address,undefined -c "$file" \
        -o "$folder/objects/$(basename "$file" .c).o"
done
for name in ${@:-h264 headers hevc mpeg4 tracker vp9}; do
    clang "${flags[@]}" -fsanitize=fuzzer,address,undefined "$targets/${name}_target.c" \
        "$targets/target.c" "$folder"/objects/*.o -o "$folder/$name"
    echo "$name:"
    "$folder/$name" -max_total_time="$seconds" -max_len=65536 -timeout=10 -malloc_limit_mb=512 \
        -artifact_prefix="$folder/$name-" -print_final_stats=1 "$folder/corpus/$name" 2>&1 |
        tee "$folder/$name.log" |
        grep -E 'INITED|DONE|^stat::(num|new)|^broken|runtime error|^SUMMARY|^Test unit|^==.*ERROR'
done
