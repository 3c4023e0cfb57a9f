#!/usr/bin/env bash
# Kinetics-400 as MMAction2 lays it out, with re-encoded copies for the methods on compressed video:
#
#     bash tools/data/kinetics/prepare_400.sh KINETICS [DATA_ROOT]
#
# KINETICS holds videos_train, videos_val and kinetics400_{train,val}_list_videos.txt, as MMAction2
# prepares them. Where DATA_ROOT is another folder, links to these appear there.
# Environment: CODEC=mpeg4|h264, WORKERS=all cores, FLOW=none|tvl1|dis (optical flow of the copies, for
# AVD (OF) and the rows on flow; takes long). Call again to go on.
set -euo pipefail
kinetics=${1:?"usage: bash tools/data/kinetics/prepare_400.sh KINETICS [DATA_ROOT]"}
root=${2:-data/kinetics400}
codec=${CODEC:-mpeg4}
workers=${WORKERS:-$(nproc)}
flow=${FLOW:-none}
tools=$(dirname "${BASH_SOURCE[0]}")/..

kinetics=$(cd "$kinetics" && pwd)
mkdir -p "$root"
for part in train val; do
    list=kinetics400_${part}_list_videos.txt
    for name in "videos_$part" "$list"; do
        [[ -e $kinetics/$name ]] || { echo "$kinetics has no $name" >&2; exit 1; }
    done
    [[ -e $root/videos_$part ]] || ln -s "$kinetics/videos_$part" "$root/videos_$part"
    [[ -e $root/$list ]] || cp "$kinetics/$list" "$root/$list"
    # writes a list of the copies, which end in .mp4 whatever the originals end in, among them
    python "$tools/reencode.py" "$root/videos_$part" "$root/videos_${part}_$codec" \
        --codec "$codec" --gop-size 12 --short-edge 256 --workers "$workers" \
        --ann-file "$root/$list"
    if [[ $flow != none ]]; then
        python "$tools/extract_flow.py" "$root/videos_${part}_$codec" "$root/flow_$part" \
            --method "$flow" --workers "$workers"
    fi
done
