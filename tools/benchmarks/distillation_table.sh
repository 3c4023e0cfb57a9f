#!/usr/bin/env bash
# What a teacher on optical flow brings the P-stream: three rows, equal epochs, several seeds.
#
#     bash tools/benchmarks/distillation_table.sh hard     # synthetic motion, few and noisy clips
#     bash tools/benchmarks/distillation_table.sh fights   # FIGHTS=folder of the fights set
#
# Rows: p_stream (no teacher), p_stream_feature (L1, weight 50), p_stream_soft_label (temperature 8,
# weight 50). In each seed both taught rows have the same teacher, trained with that seed. Trainings
# that are done are skipped, cut ones go on. Environment: SEEDS="0 1 2", OUT=work_dirs/distillation,
# FIGHTS=data/fights, whose clips are re-encoded to 160x120 first.
# The accuracies are those of the last epoch; nothing is chosen on the validation set.
set -euo pipefail
set=${1:?"usage: bash tools/benchmarks/distillation_table.sh hard|fights"}
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configs=$tools/../configs/ipts/ablation
out=${OUT:-work_dirs/distillation}/$set
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
rows=(p_stream p_stream_feature p_stream_soft_label)
seeds=${SEEDS:-0 1 2}

case $set in
    hard) # a tenth of the usual clips, smaller, ten times the sensor noise
        python "$tools/data/make_synthetic.py" --task motion --out data/synthetic/motion_hard \
            --num-train 80 --num-val 400 --noise 20 --size 80 ;;
    fights)
        fights=${FIGHTS:-data/fights}
        small=data/fights_160x120
        python "$tools/data/reencode.py" "$fights/videos" $small/videos --size 160x120 \
            --gop-size 12
        cp -f "$fights"/{train,val}.txt $small
        python "$tools/data/extract_flow.py" $small/videos $small/flow --method dis ;;
    *) echo "usage: bash tools/benchmarks/distillation_table.sh hard|fights" >&2; exit 2 ;;
esac

for seed in $seeds; do
    export IP_TSN_STAGES=$out/seed$seed
    for row in flow "${rows[@]}"; do
        work_dir=$IP_TSN_STAGES/$row
        if [[ ! -f $work_dir/final.pth ]]; then
            resume=()
            [[ ! -s $work_dir/last_checkpoint ]] || resume=(--resume)
            python "$tools/train.py" "$configs/${row}_$set.py" --seed "$seed" \
                --work-dir "$work_dir" "${resume[@]}"
        fi
        logs=("$work_dir"/*/vis_data/scalars.json)
        tail -n 1 "${logs[-1]}" > "$work_dir/val.json"
    done
done
for row in flow "${rows[@]}"; do
    echo "== $row"
    results=()
    for seed in $seeds; do results+=("$out/seed$seed/$row/val.json"); done
    python "$tools/analysis_tools/average_splits.py" "${results[@]}" --json "$out/$row.json"
done
