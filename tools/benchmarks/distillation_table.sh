#!/usr/bin/env bash
# What a teacher on optical flow brings the P-stream: three rows, equal epochs, several seeds.
#
#     bash tools/benchmarks/distillation_table.sh hard     # synthetic motion, few and noisy clips
#     bash tools/benchmarks/distillation_table.sh fights   # FIGHTS=folder of the fights set
#
# Rows: p_stream (no teacher), p_stream_feature (L1, weight 50), p_stream_soft_label (temperature 8,
# weight 50). Both have one teacher, flow, trained with seed 0 on the same clips. Trainings that are
# done are skipped, cut ones go on. Environment: SEEDS="0 1 2", OUT=work_dirs/distillation,
# FIGHTS=data/fights, whose clips are re-encoded to 160x120.
# The accuracies are those of the last epoch; nothing is chosen on the validation set.
set -euo pipefail
set=${1:?"usage: bash tools/benchmarks/distillation_table.sh hard|fights"}
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configs=$tools/../configs/ipts/ablation
out=${OUT:-work_dirs/distillation}/$set
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
rows=(p_stream p_stream_feature p_stream_soft_label)
read -ra seeds <<< "${SEEDS:-0 1 2}"
source "$tools/benchmarks/rows.sh"

case $set in
    hard) # 64x64 pixels, five times the usual sensor noise, few clips for the P-stream
        python "$tools/data/make_synthetic.py" --task motion --size 64 --noise 10 \
            --num-train 240 --num-val 1000 --out data/synthetic/motion_hard ;;
    fights)
        fights=${FIGHTS:-data/fights}
        small=data/fights_160x120
        python "$tools/data/reencode.py" "$fights/videos" $small/videos --size 160x120 \
            --gop-size 12
        cp -f "$fights"/{train,val}.txt $small
        python "$tools/data/extract_flow.py" $small/videos $small/flow --method dis ;;
    *) echo "usage: bash tools/benchmarks/distillation_table.sh hard|fights" >&2; exit 2 ;;
esac

export IP_TSN_STAGES=$out # where the configs find the teacher
train "$configs/flow_$set.py" 0 "$out/flow"
echo "== flow: $(cat "$out/flow/val.json")"
for seed in "${seeds[@]}"; do
    for row in "${rows[@]}"; do
        train "$configs/${row}_$set.py" "$seed" "$out/seed$seed/$row"
    done
done
average "${rows[@]}"
