#!/usr/bin/env bash
# Trains TSD and its three rivals on synthetic `brief` with seeds 0, 1 and 2, all from the same main
# network of each seed, and prints top-1 of each last epoch. Finished runs are kept, cut ones resume:
# bash tools/benchmarks/tsd_table.sh [SEEDS...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seeds=("$@")
if [ "${#seeds[@]}" -eq 0 ]; then seeds=(0 1 2); fi
work=${WORK_DIR:-work_dirs/tsd_table}
python tools/data/make_synthetic.py --task brief --size 48 --num-train 1600 --num-val 400 \
    --workers 2 --out data/synthetic/brief48
python tools/data/make_synthetic.py --task motion --size 48 --num-frames 12 --num-train 1600 \
    --num-val 400 --workers 2 --out data/synthetic/motion48

for seed in "${seeds[@]}"; do
    export MAIN_CHECKPOINT="$work/main_$seed/epoch_6.pth"
    for method in main tsd uniform random attention; do
        folder="$work/${method}_$seed"
        if [ ! -e "$folder/done" ]; then
            python tools/train.py "configs/tsd/${method}_synthetic.py" --seed "$seed" \
                --work-dir "$folder" --resume
            touch "$folder/done"
        fi
    done
done

python - "$work" "${seeds[@]}" <<'PYTHON'
import json
import sys
from pathlib import Path

work, seeds = Path(sys.argv[1]), sys.argv[2:]
print("| frames | " + " | ".join(f"seed {seed}" for seed in seeds) + " |")
print("|---|" + "---|" * len(seeds))
for method in ("tsd", "uniform", "random", "attention"):
    cells = []
    for seed in seeds:
        lines = []
        for path in sorted((work / f"{method}_{seed}").glob("*/vis_data/scalars.json")):
            lines += [json.loads(line) for line in path.read_text().splitlines()]
        cells.append(f"{100 * [line for line in lines if 'acc/top1' in line][-1]['acc/top1']:.1f}")
    print(f"| {method} | " + " | ".join(cells) + " |")
PYTHON
