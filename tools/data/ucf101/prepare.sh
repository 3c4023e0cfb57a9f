#!/usr/bin/env bash
# UCF101 from its two official archives to clips, split files and optical flow, for all methods:
#
#     bash tools/data/ucf101/prepare.sh ARCHIVES [DATA_ROOT]
#
# ARCHIVES holds UCF101.rar and UCF101TrainTestSplits-RecognitionTask.zip (or what comes out of
# them, UCF-101 and ucfTrainTestlist).
# Environment: METHODS="ip_tsn attp" (re-encoded clips, originals, each with flow of its own),
# CODEC=mpeg4|h264, WORKERS=all cores, FLOW=tvl1|dis|none. Call again to go on.
set -euo pipefail
archives=${1:?"usage: bash tools/data/ucf101/prepare.sh ARCHIVES [DATA_ROOT]"}
exec bash "$(dirname "${BASH_SOURCE[0]}")/../prepare_splits.sh" ucf101 "$archives" \
    "${2:-data/ucf101}" "UCF101 UCF-101" "UCF101TrainTestSplits-RecognitionTask ucfTrainTestlist"
