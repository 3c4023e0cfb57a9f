#!/usr/bin/env bash
# UCF101 from its two official archives to re-encoded clips, split files and optical flow:
#
#     bash tools/data/ucf101/prepare.sh ARCHIVES [DATA_ROOT]
#
# ARCHIVES holds UCF101.rar and UCF101TrainTestSplits-RecognitionTask.zip (or what comes out of
# them, UCF-101 and ucfTrainTestlist).
# Environment: CODEC=mpeg4|h264, WORKERS=all cores, FLOW=tvl1|dis|none. Call again to go on.
set -euo pipefail
archives=${1:?"usage: bash tools/data/ucf101/prepare.sh ARCHIVES [DATA_ROOT]"}
root=${2:-data/ucf101}
codec=${CODEC:-mpeg4}
workers=${WORKERS:-$(nproc)}
flow=${FLOW:-tvl1}
tools=$(dirname "${BASH_SOURCE[0]}")/..

mkdir -p "$root"
videos=$(python "$tools/unpack.py" "$archives" "$root/videos" UCF101 UCF-101 --suffix .avi)
lists=$(python "$tools/unpack.py" "$archives" "$root/annotations" \
    UCF101TrainTestSplits-RecognitionTask ucfTrainTestlist)
python "$tools/reencode.py" "$videos" "$root/videos_$codec" \
    --codec "$codec" --gop-size 12 --size 340x256 --workers "$workers"
python "$tools/build_file_list.py" ucf101 "$lists" "$root/videos_$codec" "$root"
if [[ $flow != none ]]; then
    python "$tools/extract_flow.py" "$root/videos_$codec" "$root/flow" \
        --method "$flow" --workers "$workers"
fi
