#!/usr/bin/env bash
# Trains TSD and its three rivals on synthetic `brief` with seeds 0, 1 and 2, all from the same main
# network of each seed, and prints top-1 of each last epoch. Finished runs are kept, cut ones resume:
# bash tools/benchmarks/tsd_table.sh [SEEDS...]
# WINDOW=8, the default: what decides is there for 8 frames of 80. WINDOW=24: for 24, at 3 to 6 pixels
# per frame, so that frames that are far apart do not tell the direction; trains for 8 epochs, not 4.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=tools
source tools/benchmarks/rows.sh

seeds=("$@")
if [ "${#seeds[@]}" -eq 0 ]; then seeds=(0 1 2); fi
work=${WORK_DIR:-work_dirs/tsd_table}
case ${WINDOW:-8} in
    8) brief=data/synthetic/brief48 rows=$work options=() epochs=4 ;;
    24) brief=data/synthetic/brief48_24 rows=$work/window24 options=(--window 24 --speed 3 6) epochs=8 ;;
    *) echo "WINDOW=$WINDOW, allowed are 8 and 24" >&2 && exit 2 ;;
esac
python tools/data/make_synthetic.py --task brief --size 48 --num-train 1600 --num-val 400 \
    --workers 2 --out "$brief" "${options[@]}"
python tools/data/make_synthetic.py --task motion --size 48 --num-frames 12 --num-train 1600 \
    --num-val 400 --workers 2 --out data/synthetic/motion48

settings=(param_scheduler.1.T_max=$epochs train_cfg.{max_epochs,val_begin,val_interval}=$epochs)
for split in train val test; do settings+=("${split}_dataloader.dataset.data_root=$brief"); done
for seed in "${seeds[@]}"; do
    train configs/tsd/main_synthetic.py "$seed" "$work/main_$seed"
    export MAIN_CHECKPOINT="$work/main_$seed/epoch_6.pth"
    for method in tsd uniform random attention; do
        train "configs/tsd/${method}_synthetic.py" "$seed" "$rows/${method}_$seed" \
            --cfg-options "${settings[@]}"
    done
done

python - "$rows" "${seeds[@]}" <<'PYTHON'
import json
import sys
from pathlib import Path

rows, seeds = Path(sys.argv[1]), sys.argv[2:]
print("| frames | " + " | ".join(f"seed {seed}" for seed in seeds) + " |")
print("|---|" + "---|" * len(seeds))
for method in ("tsd", "uniform", "random", "attention"):
    cells = []
    for seed in seeds:
        last = json.loads((rows / f"{method}_{seed}" / "val.json").read_text())
        cells.append(f"{100 * last['acc/top1']:.1f}")
    print(f"| {method} | " + " | ".join(cells) + " |")
PYTHON
