#!/usr/bin/env bash
# The rows of ATTP's Table 3 and Figure 4 on synthetic clips, equal epochs, several seeds.
#
#     bash tools/benchmarks/attp_table.sh [both|paired [NOISE]]
#
# In `both` scores of shape and of motion can be added, in `paired` only their product says anything.
# NOISE, 2 by default, are grey levels: 25 make vectors of P-frames worse than those of B-frames.
# The I-frame network of all rows starts from one trained on still shapes; ATTP is aligned with one
# flow network, trained on `both`. Both train with seed 0. Trainings that are done are skipped, cut
# ones go on. Environment: SEEDS="0 1 2", ROWS (below), OUT=work_dirs/attp_table/TASK_NOISE, and
# EPOCHS of the rows (1 in their configs).
# The accuracies are those of the last epoch; nothing is chosen on the validation set.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configs=$tools/../configs/attp
task=${1:-both}
noise=${2:-2}
out=${OUT:-work_dirs/attp_table/${task}_$noise${EPOCHS:+_${EPOCHS}epochs}}
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
source "$tools/benchmarks/rows.sh"
read -ra rows <<< "${ROWS:-late_fusion_p late_fusion bp tp ttp attp}"
read -ra seeds <<< "${SEEDS:-0 1 2}"

root=data/synthetic/attp_$noise
for set in $(printf '%s\n' appearance both "$task" | sort -u); do
    python "$tools/data/make_synthetic.py" --task "$set" --codec h264 --b-frames 2 --size 48 \
        --num-frames 36 --num-train 2000 --num-val 400 --noise "$noise" --out "$root/$set"
done
train_on() { # SET CONFIG SEED WORK_DIR [OPTION...]
    local split options=("${@:5}")
    for split in train val test; do
        options+=("${split}_dataloader.dataset.data_root=$root/$1")
    done
    train "${@:2:3}" --cfg-options "${options[@]}"
}

export ATTP_STAGES=$out # where the configs find the networks that come first
train_on appearance "$configs/appearance_synthetic.py" 0 "$out/appearance"
train_on both "$configs/flow_synthetic.py" 0 "$out/flow"
for stage in appearance flow; do echo "== $stage: $(cat "$out/$stage/val.json")"; done
longer=()
[[ -z ${EPOCHS:-} ]] || longer=("train_cfg.max_epochs=$EPOCHS" "param_scheduler.0.total_steps=$EPOCHS")
for seed in "${seeds[@]}"; do
    for row in "${rows[@]}"; do
        config=$configs/ablation/${row}_synthetic.py
        [[ $row != attp ]] || config=$configs/attp_synthetic.py
        train_on "$task" "$config" "$seed" "$out/seed$seed/$row" "${longer[@]}"
    done
done
average "${rows[@]}"
