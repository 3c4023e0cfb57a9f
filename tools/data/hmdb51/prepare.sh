#!/usr/bin/env bash
# HMDB51 from its two official archives to re-encoded clips, split files and optical flow:
#
#     bash tools/data/hmdb51/prepare.sh ARCHIVES [DATA_ROOT]
#
# ARCHIVES holds hmdb51_org.rar and test_train_splits.rar (or folders of these names).
# Environment: CODEC=mpeg4|h264, WORKERS=all cores, FLOW=tvl1|dis|none. Call again to go on.
set -euo pipefail
archives=${1:?"usage: bash tools/data/hmdb51/prepare.sh ARCHIVES [DATA_ROOT]"}
root=${2:-data/hmdb51}
codec=${CODEC:-mpeg4}
workers=${WORKERS:-$(nproc)}
flow=${FLOW:-tvl1}
tools=$(dirname "${BASH_SOURCE[0]}")/..

mkdir -p "$root"
videos=$(python "$tools/unpack.py" "$archives" "$root/videos" hmdb51_org --suffix .avi)
lists=$(python "$tools/unpack.py" "$archives" "$root/annotations" \
    test_train_splits testTrainMulti_7030_splits)
python "$tools/reencode.py" "$videos" "$root/videos_$codec" \
    --codec "$codec" --gop-size 12 --size 340x256 --workers "$workers"
python "$tools/build_file_list.py" hmdb51 "$lists" "$root/videos_$codec" "$root"
if [[ $flow != none ]]; then
    python "$tools/extract_flow.py" "$root/videos_$codec" "$root/flow" \
        --method "$flow" --workers "$workers"
fi
