# Trainings and tests of a recipe, for scripts that source this and set gpus. What is done is
# skipped, what was cut goes on: call the script again, whatever stopped it. Learning rates are those
# of the config's auto_scale_lr.base_batch_size, scaled by the batch of all GPUs.
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"

train_stage() { # WORK_DIR CONFIG [ARGUMENT...]: until its final.pth is there
    local work_dir=$1 config=$2 arguments=("${@:3}" --work-dir "$1" --auto-scale-lr)
    if [[ -f $work_dir/final.pth ]]; then
        echo "== $work_dir: done"
        return
    fi
    local last=$work_dir/last_checkpoint
    if [[ -s $last && -f $(<"$last") ]]; then
        echo "== $work_dir: going on from $(<"$last")"
        arguments+=(--resume)
    else
        echo "== $work_dir"
    fi
    if ((gpus > 1)); then
        bash "$tools/dist_train.sh" "$config" "$gpus" "${arguments[@]}"
    else
        python "$tools/train.py" "$config" "${arguments[@]}"
    fi
}

test_stage() { # WORK_DIR CONFIG [ARGUMENT...]: until the scores are in its test.pkl
    local work_dir=$1 config=$2 aside=$1/test_part.pkl
    local arguments=(--work-dir "$work_dir" --dump "$aside" "${@:3}")
    if [[ -f $work_dir/test.pkl ]]; then
        echo "== test of $work_dir: done"
        return
    fi
    echo "== test of $work_dir"
    if ((gpus > 1)); then
        bash "$tools/dist_test.sh" "$config" "$work_dir/final.pth" "$gpus" "${arguments[@]}"
    else
        python "$tools/test.py" "$config" "$work_dir/final.pth" "${arguments[@]}"
    fi
    mv "$aside" "$work_dir/test.pkl"
}

condense_stage() { # OUT CONFIG CHECKPOINT: training and validation videos; skips what is there
    local part command=(python)
    if ((gpus > 1)); then
        command+=(-m torch.distributed.run --standalone --nproc_per_node="$gpus")
    fi
    for part in train val; do
        echo "== condensing $part videos to $1"
        "${command[@]}" "$tools/condense_dataset.py" "$2" "$3" --split "$part" --out "$1"
    done
}

splits_of() { # DATASET: the ones that SPLIT asks for, 1 by default
    local known=1
    [[ $1 != ucf101 && $1 != hmdb51 ]] || known="1 2 3"
    if [[ ${SPLIT:-1} == all ]]; then
        echo "$known"
    elif [[ " $known " == *" ${SPLIT:-1} "* ]]; then
        echo "${SPLIT:-1}"
    else
        echo "$1 has no split $SPLIT, only: $known (or SPLIT=all)" >&2
        return 2
    fi
}

average_of_splits() { # ROOT STAGE: of ROOT/split{1,2,3}/STAGE/test.pkl, once all are there
    local split dumps=()
    for split in 1 2 3; do
        [[ ! -f $1/split$split/$2/test.pkl ]] || dumps+=("$1/split$split/$2/test.pkl")
    done
    if ((${#dumps[@]} == 3)); then
        python "$tools/analysis_tools/average_splits.py" "${dumps[@]}" --json "$1/$2.json"
    elif ((${#dumps[@]})); then
        echo "== ${#dumps[@]} of 3 splits are tested; the others: SPLIT=all"
    fi
}
