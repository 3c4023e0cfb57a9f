#!/usr/bin/env bash
# The rows of ATTP's Table 3 and Figure 4 on synthetic clips, equal epochs, several seeds.
#
#     bash tools/benchmarks/attp_table.sh [both|paired]
#
# In `both` scores of shape and of motion can be added, in `paired` only their product says anything.
# The I-frame network of all rows starts from one trained on still shapes; ATTP is aligned with one
# flow network. Both train with seed 0. Trainings that are done are skipped, cut ones go on.
# Environment: SEEDS="0 1 2", ROWS (below), OUT=work_dirs/attp_table.
# The accuracies are those of the last epoch; nothing is chosen on the validation set.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configs=$tools/../configs/attp
task=${1:-both}
out=${OUT:-work_dirs/attp_table/$task}
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
source "$tools/benchmarks/rows.sh"
read -ra rows <<< "${ROWS:-late_fusion_p late_fusion bp tp ttp attp}"
read -ra seeds <<< "${SEEDS:-0 1 2}"

clips=(--codec h264 --b-frames 2 --size 48 --num-frames 36 --num-train 2000)
python "$tools/data/make_synthetic.py" --task appearance "${clips[@]}" \
    --out data/synthetic/appearance_b
for set in both "$task"; do # the flow network learns from `both`
    python "$tools/data/make_synthetic.py" --task "$set" "${clips[@]}" --num-val 400 \
        --out "data/synthetic/${set}_b"
done
data=(--cfg-options)
for split in train val test; do
    data+=("${split}_dataloader.dataset.data_root=data/synthetic/${task}_b")
done

export ATTP_STAGES=$out # where the configs find the networks that come first
for stage in appearance flow; do
    train "$configs/${stage}_synthetic.py" 0 "$out/$stage"
    echo "== $stage: $(cat "$out/$stage/val.json")"
done
for seed in "${seeds[@]}"; do
    for row in "${rows[@]}"; do
        config=$configs/ablation/${row}_synthetic.py
        [[ $row != attp ]] || config=$configs/attp_synthetic.py
        train "$config" "$seed" "$out/seed$seed/$row" "${data[@]}"
    done
done
average "${rows[@]}"
