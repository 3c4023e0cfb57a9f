#!/usr/bin/env bash
# HMDB51 from its two official archives to clips, split files and optical flow, for all methods:
#
#     bash tools/data/hmdb51/prepare.sh ARCHIVES [DATA_ROOT]
#
# ARCHIVES holds hmdb51_org.rar and test_train_splits.rar (or folders of these names).
# Environment: METHODS="ip_tsn attp" (re-encoded clips, originals, each with flow of its own),
# CODEC=mpeg4|h264, WORKERS=all cores, FLOW=tvl1|dis|none. Call again to go on.
set -euo pipefail
archives=${1:?"usage: bash tools/data/hmdb51/prepare.sh ARCHIVES [DATA_ROOT]"}
exec bash "$(dirname "${BASH_SOURCE[0]}")/../prepare_splits.sh" hmdb51 "$archives" \
    "${2:-data/hmdb51}" "hmdb51_org" "test_train_splits testTrainMulti_7030_splits"
