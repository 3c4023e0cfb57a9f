#!/usr/bin/env bash
# Train ATTP, the flow network that it is aligned with first, and test it:
#
#     bash tools/train_attp.sh DATASET GPUS [arguments of tools/train.py for both]
#
# DATASET is hmdb51, ucf101 or synthetic. What is done is skipped, a training that was cut goes on
# from its last checkpoint: call it again, whatever stopped it.
# Environment: SPLIT=1 (hmdb51, ucf101: 1, 2, 3, or all, which also averages the three),
# ATTP_STAGES=folder of the work dirs, in which every split has a folder of its own.
set -euo pipefail

usage="usage: bash tools/train_attp.sh hmdb51|ucf101|synthetic GPUS [arguments]"
dataset=${1:?$usage}
gpus=${2:?$usage}
shift 2
source "$(dirname "${BASH_SOURCE[0]}")/stages.sh"
configs=$tools/../configs/attp

case $dataset in
    hmdb51 | ucf101 | synthetic) ;;
    *) echo "$usage" >&2; exit 2 ;;
esac
splits=$(splits_of "$dataset")
export ATTP_STAGES=${ATTP_STAGES:-work_dirs/attp/$dataset} # the configs' default

for SPLIT in $splits; do
    export SPLIT # the configs read it
    root=$ATTP_STAGES
    if [[ $dataset == synthetic ]]; then
        train_stage "$root/appearance" "$configs/appearance_synthetic.py" "$@"
    else
        root+=/split$SPLIT
    fi
    train_stage "$root/flow" "$configs/flow_$dataset.py" "$@"
    train_stage "$root/attp" "$configs/attp_$dataset.py" "$@"
    test_stage "$root/attp" "$configs/attp_$dataset.py"
done
average_of_splits "$ATTP_STAGES" attp
