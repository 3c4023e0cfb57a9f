#!/usr/bin/env bash
# What hmdb51/prepare.sh and ucf101/prepare.sh have in common:
#
#     bash tools/data/prepare_splits.sh DATASET ARCHIVES DATA_ROOT "VIDEO NAMES" "LIST NAMES"
#
# The names are those of the archives, without suffix, or of the folders that come out of them.
set -euo pipefail
dataset=$1
archives=$2
root=$3
read -ra video_names <<< "$4"
read -ra list_names <<< "$5"
codec=${CODEC:-mpeg4}
workers=${WORKERS:-$(nproc)}
flow=${FLOW:-tvl1}
read -ra methods <<< "${METHODS:-ip_tsn attp}"
tools=$(dirname "${BASH_SOURCE[0]}")
for method in "${methods[@]}"; do
    [[ $method == ip_tsn || $method == attp ]] || {
        echo "METHODS has $method, allowed are ip_tsn and attp" >&2
        exit 2
    }
done

extract_flow() { # VIDEOS FLOW
    [[ $flow == none ]] ||
        python "$tools/extract_flow.py" "$1" "$2" --method "$flow" --workers "$workers"
}

mkdir -p "$root"
python "$tools/unpack.py" "$archives" "$root/archive" "${video_names[@]}" \
    --suffix .avi --link "$root/videos"
lists=$(python "$tools/unpack.py" "$archives" "$root/annotations" "${list_names[@]}")
python "$tools/build_file_list.py" "$dataset" "$lists" "$root/videos" "$root" \
    --suffix .avi --kind originals
for method in "${methods[@]}"; do
    if [[ $method == attp ]]; then
        extract_flow "$root/videos" "$root/flow_originals"
    else
        python "$tools/reencode.py" "$root/videos" "$root/videos_$codec" \
            --codec "$codec" --gop-size 12 --size 340x256 --workers "$workers"
        python "$tools/build_file_list.py" "$dataset" "$lists" "$root/videos_$codec" "$root"
        extract_flow "$root/videos_$codec" "$root/flow"
    fi
done
