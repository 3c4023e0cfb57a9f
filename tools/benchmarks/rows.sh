# The rows of a table, for scripts that source this and set tools, out and seeds (an array).

train() { # CONFIG SEED WORK_DIR [OPTION...]: until its last validation is in WORK_DIR/val.json
    local resume=()
    [[ ! -f $3/val.json ]] || return 0
    [[ ! -s $3/last_checkpoint ]] || resume=(--resume)
    python "$tools/train.py" "$1" --seed "$2" --work-dir "$3" "${resume[@]}" "${@:4}"
    local logs=("$3"/*/vis_data/scalars.json)
    tail -n 1 "${logs[-1]}" > "$3/val.json"
}

average() { # ROW...: prints and writes the mean of each over the seeds
    local row seed results
    for row in "$@"; do
        echo "== $row"
        results=()
        for seed in "${seeds[@]}"; do results+=("$out/seed$seed/$row/val.json"); done
        python "$tools/analysis_tools/average_splits.py" "${results[@]}" --json "$out/$row.json"
    done
}
