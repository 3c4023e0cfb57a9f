#!/usr/bin/env bash
# IFS from videos to accuracies: generator on Kinetics-400, condensed frames, classifier there and,
# fine-tuned, on UCF101 or HMDB51, test:
#
#     bash tools/train_ifs.sh DATASET GPUS [arguments of tools/train.py for every training]
#
# DATASET is kinetics400, ucf101 or hmdb51. What is done is skipped, what was cut goes on.
# Environment: METHOD=ifs (or ifs_mot), IFS_TERMS=app_mot_adv_color and so on (of METHOD=ifs: some of the
# tasks app, cat, mot and the regularizers adv, color), CLASSIFIER=tsn_r101 (or ifs_3d_r101, and for
# kinetics400 end_to_end_r101, on floating-point frames), IFS_ROOT=folder of the work dirs, and SPLIT=1
# (hmdb51, ucf101: 1, 2, 3, or all, which also averages the three).
set -euo pipefail

usage="usage: bash tools/train_ifs.sh kinetics400|ucf101|hmdb51 GPUS [arguments]"
dataset=${1:?$usage}
gpus=${2:?$usage}
shift 2
source "$(dirname "${BASH_SOURCE[0]}")/stages.sh"
method=${METHOD:-ifs}
classifier=${CLASSIFIER:-tsn_r101}
configs=$tools/../configs/ifs
name=$method${IFS_TERMS:+_$IFS_TERMS}
out=${IFS_ROOT:-work_dirs/$name}

case $dataset in
    kinetics400 | ucf101 | hmdb51) ;;
    *) echo "$usage" >&2; exit 2 ;;
esac
for config in "$configs/${method}_kinetics400.py" "$configs/classifiers/${classifier}_$dataset.py"; do
    [[ -f $config ]] || { echo "there is no ${config#"$tools/../"}" >&2; exit 2; }
done
[[ -z ${IFS_TERMS:-} || $method == ifs ]] || { echo "IFS_TERMS is for METHOD=ifs" >&2; exit 2; }
splits=$(splits_of "$dataset")

generator=$out/generator/final.pth
export IFS_CHECKPOINT=$generator CONDENSED=data/kinetics400/$name # the classifiers read them
train_stage "$out/generator" "$configs/${method}_kinetics400.py" "$@"
if [[ $classifier != end_to_end_r101 ]]; then
    condense_stage "$CONDENSED" "$configs/${method}_kinetics400.py" "$generator"
fi
train_stage "$out/${classifier}_kinetics400" "$configs/classifiers/${classifier}_kinetics400.py" "$@"
if [[ $dataset == kinetics400 ]]; then
    test_stage "$out/${classifier}_kinetics400" "$configs/classifiers/${classifier}_kinetics400.py"
    exit
fi

export PRETRAINED=$out/${classifier}_kinetics400/final.pth
CONDENSED=data/$dataset/$name
for SPLIT in $splits; do
    export SPLIT # the configs read it
    work_dir=$out/$dataset/split$SPLIT/$classifier
    condense_stage "$CONDENSED" "$configs/ifs_$dataset.py" "$generator"
    train_stage "$work_dir" "$configs/classifiers/${classifier}_$dataset.py" "$@"
    test_stage "$work_dir" "$configs/classifiers/${classifier}_$dataset.py"
done
average_of_splits "$out/$dataset" "$classifier"
