#!/usr/bin/env bash
# Tables 2, 3 and 4 of the IFS paper on the synthetic set `motion`: condense, then train one
# classifier on the JPEGs, with equal epochs for every row.
#
#     bash tools/benchmarks/ifs_tables.sh                # all rows
#     bash tools/benchmarks/ifs_tables.sh ifs di mean    # some of them
#
# Rows: ifs ifs_mot equal_weights app_alone app_adv app cat mot app_cat app_mot (generators, trained
# with the row's seed), untrained (a generator with random weights), iframe middle mean di svmp.
# Each generator also gives a row NAME_float, classified as floating-point frames (Table 2,
# "end-to-end"). What is done is skipped, what was cut goes on. Environment: SEEDS="0 1 2",
# OUT=work_dirs/ifs_tables. Accuracies are those of the last epoch; nothing is chosen on the
# validation set.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configs=$tools/../configs
out=${OUT:-work_dirs/ifs_tables}
data=data/synthetic/motion_gop
generators="ifs ifs_mot equal_weights app_alone app_adv app cat mot app_cat app_mot"
learning_free="iframe middle mean di svmp"
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
[[ $# -gt 0 ]] || set -- $generators untrained $learning_free

python "$tools/data/make_synthetic.py" --task motion --out $data \
    --size 64 --num-frames 12 --smoothness 4 --num-train 1600 --num-val 400

train() { # config seed work_dir: until final.pth is there
    [[ ! -f $3/final.pth ]] || return 0
    local resume=()
    [[ ! -s $3/last_checkpoint ]] || resume=(--resume)
    python "$tools/train.py" "$1" --seed "$2" --work-dir "$3" "${resume[@]}"
}
evaluate() { # config work_dir
    [[ -f $2/val.pkl ]] ||
        python "$tools/test.py" "$1" "$2/final.pth" --work-dir "$2" --dump "$2/val.pkl"
}
condense() { # config checkpoint folder [option]
    for split in train val; do
        [[ -f $3/$split.txt ]] ||
            python "$tools/condense_dataset.py" "$1" "$2" --out "$3" --split $split "${@:4}"
    done
}

for seed in ${SEEDS:-0 1 2}; do
    for row in "$@"; do
        dir=$out/seed$seed/$row
        frames=$dir/frames
        case " $generators " in
            *" $row "*)
                case $row in
                    ifs | ifs_mot) config=$configs/ifs/${row}_synthetic.py ;;
                    *) config=$configs/ifs/ablation/${row}_synthetic.py ;;
                esac
                train "$config" "$seed" "$dir/generator"
                condense "$config" "$dir/generator/final.pth" "$frames"
                float=$configs/ifs/classifiers/end_to_end_synthetic.py
                export IFS_CHECKPOINT=$dir/generator/final.pth
                train "$float" "$seed" "$dir/float"
                evaluate "$float" "$dir/float" ;;
            *)
                if [[ $row == untrained ]]; then
                    condense "$configs/ifs/ifs_synthetic.py" none "$frames" --untrained
                else # the same for every seed
                    frames=$out/$row
                    condense "$configs/baselines/${row}_synthetic.py" none "$frames"
                fi ;;
        esac
        CONDENSED=$frames train "$configs/ifs/classifiers/tsn_synthetic.py" "$seed" "$dir/jpeg"
        CONDENSED=$frames evaluate "$configs/ifs/classifiers/tsn_synthetic.py" "$dir/jpeg"
    done
done
for row in "$@"; do
    for kind in jpeg float; do
        dumps=()
        for seed in ${SEEDS:-0 1 2}; do
            dump=$out/seed$seed/$row/$kind/val.pkl
            [[ ! -f $dump ]] || dumps+=("$dump")
        done
        [[ ${#dumps[@]} -gt 0 ]] || continue
        echo "== $row, $kind"
        python "$tools/analysis_tools/average_splits.py" "${dumps[@]}" \
            --json "$out/${row}_$kind.json"
    done
done
