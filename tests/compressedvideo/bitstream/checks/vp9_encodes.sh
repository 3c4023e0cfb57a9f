#!/bin/bash
# Encodes a matrix of VP9 streams with vpxenc (Debian: vpx-tools), for vp9_compare.py:
# two passes with alternate references, frame-parallel or not, error-resilient, lossless, segments,
# tiles, sizes that are no multiple of 8, profiles 0 to 3.
#
#     vp9_encodes.sh FOLDER CLIP CLIP CLIP CLIP      133 files; needs Python with av
set -e
folder=$1
shift
mkdir -p "$folder"

python - "$folder" "$@" <<'PYTHON'
"""Y4M sources: the clips scaled to eight sizes, and in other pixel formats."""
import sys

import av
import numpy as np

folder, clips = sys.argv[1], sys.argv[2:]
SIZES = [(320, 240), (344, 256), (178, 146), (70, 50), (426, 240), (34, 18), (200, 120), (640, 360)]
FORMATS = {
    "yuv444p": "444", "yuv422p": "422",
    "yuv420p10le": "420p10 XYSCSS=420P10", "yuv422p10le": "422p10 XYSCSS=422P10",
    "yuv444p10le": "444p10 XYSCSS=444P10", "yuv420p12le": "420p12 XYSCSS=420P12",
}


def write(path, clip, width, height, count, pixels, tag):
    with open(path, "wb") as file, av.open(clip) as container:
        file.write(f"YUV4MPEG2 W{width} H{height} F25:1 Ip C{tag}\n".encode())
        for number, frame in enumerate(container.decode(video=0)):
            if number == count:
                break
            file.write(b"FRAME\n")
            for plane in frame.reformat(width=width, height=height, format=pixels).planes:
                rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                file.write(rows[:, : plane.width * (1 + ("le" in pixels))].tobytes())


for i, (width, height) in enumerate(SIZES):
    count = 48 if width < 500 else 30
    write(f"{folder}/s{i}.y4m", clips[i % 4], width, height, count, "yuv420p", "420jpeg")
for i, (pixels, tag) in enumerate(FORMATS.items()):
    write(f"{folder}/{pixels}.y4m", clips[i % 4], 210, 132, 24, pixels, tag)
PYTHON

encode() { # OUTPUT SOURCE OPTIONS
    [ -s "$1" ] || vpxenc --codec=vp9 --ivf -q --good --disable-warning-prompt -o "$@"
}

hidden="-p 2 --auto-alt-ref=1 --lag-in-frames=25"
while read -r name options; do
    for i in 0 1 2 3 4 5 6 7; do
        # shellcheck disable=SC2086
        encode "$folder/${name}_$i.ivf" "$folder/s$i.y4m" $options
    done
done <<LIST
twopass $hidden --cpu-used=4 --frame-parallel=0 --end-usage=q --cq-level=32
layers -p 2 --auto-alt-ref=6 --lag-in-frames=25 --cpu-used=3 --frame-parallel=0 --end-usage=q --cq-level=40
parallel $hidden --cpu-used=4 --frame-parallel=1 --end-usage=q --cq-level=24
keys $hidden --cpu-used=4 --frame-parallel=0 --kf-max-dist=12 --kf-min-dist=12 --end-usage=q --cq-level=30
onepass -p 1 --cpu-used=5 --frame-parallel=0 --end-usage=q --cq-level=20
resilient -p 1 --cpu-used=5 --error-resilient=1 --end-usage=q --cq-level=30
resilient2 $hidden --cpu-used=4 --error-resilient=1 --end-usage=q --cq-level=30
lossless $hidden --cpu-used=5 --lossless=1 --frame-parallel=0 --limit=16
realtime -p 1 --rt --cpu-used=6 --end-usage=cbr --target-bitrate=200 --aq-mode=3 --frame-parallel=0
resized -p 1 --rt --cpu-used=8 --end-usage=cbr --target-bitrate=100 --aq-mode=3 --error-resilient=1 --resize-allowed=1
segments1 $hidden --cpu-used=3 --aq-mode=1 --frame-parallel=0 --end-usage=vbr --target-bitrate=300
segments2 $hidden --cpu-used=3 --aq-mode=2 --frame-parallel=0 --end-usage=cq --cq-level=20 --target-bitrate=500
segments4 $hidden --cpu-used=2 --aq-mode=4 --alt-ref-aq=1 --frame-parallel=0 --end-usage=vbr --target-bitrate=150 --limit=24
fine $hidden --cpu-used=1 --frame-parallel=0 --end-usage=q --cq-level=8 --limit=20 --tile-rows=1
tiles $hidden --cpu-used=4 --tune-content=screen --frame-parallel=0 --end-usage=q --cq-level=55 --tile-columns=2 --tile-rows=2
LIST

while read -r pixels profile depth; do
    for quality in 20 45; do
        # shellcheck disable=SC2086
        encode "$folder/${pixels}_$quality.ivf" "$folder/$pixels.y4m" $hidden --cpu-used=4 \
            --frame-parallel=0 --end-usage=q --cq-level=$quality --profile="$profile" \
            --bit-depth="$depth" --input-bit-depth="$depth"
    done
done <<LIST
yuv444p 1 8
yuv422p 1 8
yuv420p10le 2 10
yuv422p10le 3 10
yuv444p10le 3 10
yuv420p12le 2 12
LIST
