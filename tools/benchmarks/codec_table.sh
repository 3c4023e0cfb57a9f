#!/usr/bin/env bash
# What the codec of the clips changes: the synthetic sets encoded as each codec, trained alike, several seeds.
#
#     bash tools/benchmarks/codec_table.sh
#
# IP-TSN on `motion` (CODECS), ATTP with B-frames on `both` (B_CODECS: those that have any). Trainings that are
# done are skipped, cut ones go on. Environment: SEEDS="0 1 2", CODECS="mpeg4 h264 hevc vp9",
# B_CODECS="mpeg4 h264 hevc", OUT=work_dirs/codec_table. The accuracies are those of the last epoch.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configs=$tools/../configs
out=${OUT:-work_dirs/codec_table}
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
source "$tools/benchmarks/rows.sh"
read -ra seeds <<< "${SEEDS:-0 1 2}"
read -ra codecs <<< "${CODECS-mpeg4 h264 hevc vp9}"
read -ra b_codecs <<< "${B_CODECS-mpeg4 h264 hevc}"
root=data/synthetic/codecs

train_on() { # SET CONFIG SEED WORK_DIR
    local split options=()
    for split in train val test; do options+=("${split}_dataloader.dataset.data_root=$1"); done
    train "${@:2}" --cfg-options "${options[@]}"
}

for codec in "${codecs[@]}"; do
    python "$tools/data/make_synthetic.py" --task motion --codec "$codec" --out "$root/motion_$codec"
    for seed in "${seeds[@]}"; do
        train_on "$root/motion_$codec" "$configs/ipts/ip_tsn_synthetic.py" "$seed" "$out/seed$seed/ip_tsn_$codec"
    done
done
for codec in "${b_codecs[@]}"; do
    export ATTP_STAGES=$out/stages_$codec # where ATTP finds the networks that come first
    for set in appearance both; do
        python "$tools/data/make_synthetic.py" --task "$set" --codec "$codec" --b-frames 2 --size 48 \
            --num-frames 36 --num-train 2000 --num-val 400 --out "$root/${set}_$codec"
    done
    train_on "$root/appearance_$codec" "$configs/attp/appearance_synthetic.py" 0 "$ATTP_STAGES/appearance"
    train_on "$root/both_$codec" "$configs/attp/flow_synthetic.py" 0 "$ATTP_STAGES/flow"
    for seed in "${seeds[@]}"; do
        train_on "$root/both_$codec" "$configs/attp/attp_synthetic.py" "$seed" "$out/seed$seed/attp_$codec"
    done
done
average "${codecs[@]/#/ip_tsn_}" "${b_codecs[@]/#/attp_}"
