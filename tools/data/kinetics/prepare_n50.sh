#!/usr/bin/env bash
# Kinetics-n50 from a copy of Kinetics-400 to re-encoded clips, annotation files and optical flow:
#
#     bash tools/data/kinetics/prepare_n50.sh KINETICS LISTS [DATA_ROOT]
#
# KINETICS is the folder of the videos, in any folders below, named by MMAction2's or CVDF's rule
# (YOUTUBEID_000010_000020.mp4); LISTS holds the official train.csv and validate.csv.
# Environment: CODEC=mpeg4|h264, WORKERS=all cores, FLOW=tvl1|dis|none, SEED=0. Call again to go on.
set -euo pipefail
usage="usage: bash tools/data/kinetics/prepare_n50.sh KINETICS LISTS [DATA_ROOT]"
kinetics=${1:?$usage}
lists=${2:?$usage}
root=${3:-data/kinetics_n50}
codec=${CODEC:-mpeg4}
workers=${WORKERS:-$(nproc)}
flow=${FLOW:-tvl1}
tools=$(dirname "${BASH_SOURCE[0]}")/..

python "$tools/build_file_list.py" kinetics-n50 "$lists" "$kinetics" "$root" --seed "${SEED:-0}"
python "$tools/reencode.py" "$root/videos" "$root/videos_$codec" \
    --codec "$codec" --gop-size 12 --size 340x256 --workers "$workers"
if [[ $flow != none ]]; then
    python "$tools/extract_flow.py" "$root/videos_$codec" "$root/flow" \
        --method "$flow" --workers "$workers"
fi
