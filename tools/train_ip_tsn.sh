#!/usr/bin/env bash
# Train IP-TSN in its six stages (section 4.2 of the paper):
#
#     bash tools/train_ip_tsn.sh DATASET GPUS [arguments of tools/train.py for every stage]
#
# DATASET is hmdb51, ucf101, kinetics_n50 or synthetic. A stage whose final.pth exists is skipped, a
# stage that was cut goes on from its last checkpoint: call it again, whatever stopped it.
# Environment: SPLIT=1 (hmdb51, ucf101: 1, 2 or 3), IP_TSN_STAGES=folder of the stages' work dirs.
set -euo pipefail

usage="usage: bash tools/train_ip_tsn.sh hmdb51|ucf101|kinetics_n50|synthetic GPUS [arguments]"
dataset=${1:?$usage}
gpus=${2:?$usage}
shift 2
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
stages=$tools/../configs/ipts/stages
split=${SPLIT:-1}
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"

dataset=${dataset//-/_}
case $dataset in
    hmdb51 | ucf101) splits=123 ;;
    kinetics_n50 | synthetic) splits=1 ;;
    *) echo "$usage" >&2; exit 2 ;;
esac
[[ $split == [$splits] ]] || { echo "$dataset has no split $split" >&2; exit 2; }
root=work_dirs/ip_tsn/$dataset # the configs' default
[[ $split == 1 ]] || root+=_split$split
export IP_TSN_STAGES=${IP_TSN_STAGES:-$root}

final=$tools/../configs/ipts/ip_tsn_$dataset.py
[[ $dataset != synthetic ]] || final=$stages/ip_tsn_synthetic.py

options=()
if [[ $split != 1 ]]; then
    options=(
        "train_dataloader.dataset.ann_file=${dataset}_train_split_${split}_videos.txt"
        "val_dataloader.dataset.ann_file=${dataset}_val_split_${split}_videos.txt"
        "test_dataloader.dataset.ann_file=${dataset}_val_split_${split}_videos.txt"
    )
fi

train_stage() { # NAME CONFIG [arguments]
    local name=$1 config=$2
    shift 2
    local work_dir=$IP_TSN_STAGES/$name arguments=("$@")
    if [[ -f $work_dir/final.pth ]]; then
        echo "== $name: done ($work_dir/final.pth)"
        return
    fi
    arguments+=(--work-dir "$work_dir")
    local last=$work_dir/last_checkpoint
    if [[ -s $last && -f $(<"$last") ]]; then
        echo "== $name: going on from $(<"$last")"
        arguments+=(--resume)
    else
        echo "== $name"
    fi
    if ((gpus > 1)); then
        bash "$tools/dist_train.sh" "$config" "$gpus" "${arguments[@]}"
    else
        python "$tools/train.py" "$config" "${arguments[@]}"
    fi
}

# --cfg-options may be given once only, so the split's go together with the caller's.
arguments=("$@")
if ((${#options[@]})); then
    merged=() found=
    for argument in "$@"; do
        merged+=("$argument")
        if [[ $argument == --cfg-options ]]; then
            merged+=("${options[@]}")
            found=1
        fi
    done
    [[ $found ]] || merged+=(--cfg-options "${options[@]}")
    arguments=("${merged[@]}")
fi

for stage in mr_2d flow_2d distill_2d mr_2d3d flow_2d3d; do
    train_stage "$stage" "$stages/${stage}_$dataset.py" "${arguments[@]}"
done
train_stage ip_tsn "$final" "${arguments[@]}"
echo "== done: $IP_TSN_STAGES/ip_tsn/final.pth"
echo "   python tools/test.py ${final#"$tools/../"} $IP_TSN_STAGES/ip_tsn/final.pth"
