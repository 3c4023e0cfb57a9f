#!/usr/bin/env bash
# Train IP-TSN in its six stages (section 4.2 of the paper), and test it:
#
#     bash tools/train_ip_tsn.sh DATASET GPUS [arguments of tools/train.py for every stage]
#
# DATASET is hmdb51, ucf101, kinetics_n50 or synthetic. A stage whose final.pth exists is skipped, a
# stage that was cut goes on from its last checkpoint: call it again, whatever stopped it.
# Environment: SPLIT=1 (hmdb51, ucf101: 1, 2, 3, or all, which also averages the three),
# IP_TSN_STAGES=folder of the stages' work dirs, in which every split has a folder of its own.
set -euo pipefail

usage="usage: bash tools/train_ip_tsn.sh hmdb51|ucf101|kinetics_n50|synthetic GPUS [arguments]"
dataset=${1:?$usage}
gpus=${2:?$usage}
shift 2
source "$(dirname "${BASH_SOURCE[0]}")/stages.sh"
stages=$tools/../configs/ipts/stages

dataset=${dataset//-/_}
case $dataset in
    hmdb51 | ucf101 | kinetics_n50 | synthetic) ;;
    *) echo "$usage" >&2; exit 2 ;;
esac
splits=$(splits_of "$dataset")
export IP_TSN_STAGES=${IP_TSN_STAGES:-work_dirs/ip_tsn/$dataset} # the configs' default
final=$tools/../configs/ipts/ip_tsn_$dataset.py
[[ $dataset != synthetic ]] || final=$stages/ip_tsn_synthetic.py

for SPLIT in $splits; do
    export SPLIT # the configs read it
    root=$IP_TSN_STAGES
    [[ $dataset != hmdb51 && $dataset != ucf101 ]] || root+=/split$SPLIT
    for stage in mr_2d flow_2d distill_2d mr_2d3d flow_2d3d; do
        train_stage "$root/$stage" "$stages/${stage}_$dataset.py" "$@"
    done
    train_stage "$root/ip_tsn" "$final" "$@"
    test_stage "$root/ip_tsn" "$final"
done
average_of_splits "$IP_TSN_STAGES" ip_tsn
