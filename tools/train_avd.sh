#!/usr/bin/env bash
# AVD from videos to accuracies: encoder, distilled images, classifier, test:
#
#     bash tools/train_avd.sh DATASET GPUS [arguments of tools/train.py for both trainings]
#
# DATASET is hmdb51, ucf101 or kinetics400. What is done is skipped, what was cut goes on.
# Environment: SPLIT=1 (hmdb51, ucf101: 1, 2, 3, or all, which also averages the three), ENCODER=avd
# (or avd_flow), CLASSIFIER=resnet50 (or resnet101, inception_v1, alexnet, and for
# UCF101 inception_v3), AVD_ROOT=folder of the work dirs.
set -euo pipefail

usage="usage: bash tools/train_avd.sh hmdb51|ucf101|kinetics400 GPUS [arguments]"
dataset=${1:?$usage}
gpus=${2:?$usage}
shift 2
source "$(dirname "${BASH_SOURCE[0]}")/stages.sh"
encoder=${ENCODER:-avd}
classifier=${CLASSIFIER:-resnet50}
configs=$tools/../configs/avd

case $dataset in
    hmdb51 | ucf101 | kinetics400) ;;
    *) echo "$usage" >&2; exit 2 ;;
esac
for config in "$configs/${encoder}_$dataset.py" "$configs/classifiers/${classifier}_$dataset.py"; do
    [[ -f $config ]] || { echo "there is no ${config#"$tools/../"}" >&2; exit 2; }
done
splits=$(splits_of "$dataset")
out=${AVD_ROOT:-work_dirs/$encoder/$dataset}

for SPLIT in $splits; do
    export SPLIT # the configs read it
    root=$out
    export CONDENSED=data/$dataset/$encoder
    if [[ $dataset != kinetics400 ]]; then
        root+=/split$SPLIT
        CONDENSED+=_split$SPLIT
    fi
    train_stage "$root/encoder" "$configs/${encoder}_$dataset.py" "$@"
    condense_stage "$CONDENSED" "$configs/${encoder}_$dataset.py" "$root/encoder/final.pth"
    train_stage "$root/$classifier" "$configs/classifiers/${classifier}_$dataset.py" "$@"
    test_stage "$root/$classifier" "$configs/classifiers/${classifier}_$dataset.py"
done
average_of_splits "$out" "$classifier"
