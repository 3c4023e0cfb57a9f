#!/usr/bin/env bash
# From a bare clone to a trained two-stream recognizer, on any machine with Python 3.10 to 3.13:
#   bash tools/quickstart.sh
# Uses the active virtual environment, or makes .venv. Run again, it does only what is missing.
# Says little: what commands say themselves is in files beside what they make.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PYTHONWARNINGS=ignore     # upstream warns on every import
export OMP_WAIT_POLICY=PASSIVE   # waiting threads leave their core to the data loader

CONFIG=configs/ipts/ip_tsn_synthetic.py
DATA=data/synthetic/motion
WORK_DIR=work_dirs/ip_tsn_synthetic

step() { printf '\n== %s\n' "$*"; }

# Seconds since the last step, for the table at the end.
TIMES=
took() {
    TIMES+="$1 $((SECONDS - ${LAST:-0})) "
    LAST=$SECONDS
}

# Run a command; show its epochs and metrics, keep everything it says in a file.
logged() {
    local log=$1
    shift
    if ! "$@" 2>&1 | tee "$log" | { grep --line-buffered -oE 'Epoch\((train|val|test)\).*' || true; }; then
        tail -n 30 "$log"
        echo "failed: $* (everything it said: $log)" >&2
        exit 1
    fi
}

step "1/5 Environment"
ACTIVATE=
if [ -z "${VIRTUAL_ENV:-}" ] && [ "${CONDA_DEFAULT_ENV:-base}" = base ]; then
    [ -f .venv/bin/activate ] || python3 -m venv .venv
    source .venv/bin/activate
    ACTIVATE='source .venv/bin/activate && '
fi
# mmcv-lite would overwrite a compiled mmcv, so it is asked for only where there is neither
if python -c 'import mmcv' 2>/dev/null; then EXTRA=mmaction; else EXTRA=lite; fi
# Without --no-compile pip compiles PyTorch's thousands of modules, of which few are imported.
python -m pip install -qq --disable-pip-version-check --no-compile --editable ".[$EXTRA]"
echo "$(python --version), $(python -c 'import sys; print(sys.prefix)')"
took installing

step "2/5 Synthetic data set: eight motions, really encoded"
WORKERS=$(python -c 'import os; print(min(os.cpu_count() or 1, 8))')
python tools/data/make_synthetic.py --task motion --out "$DATA" --workers "$WORKERS"
took encoding

mkdir -p "$WORK_DIR"
step "3/5 Training $CONFIG"
# The test follows at once, so that nothing is validated on the way.
logged "$WORK_DIR/train.log" python tools/train.py "$CONFIG" --work-dir "$WORK_DIR" --resume \
    --no-validate
took training

step "4/5 Testing"
CHECKPOINT=$WORK_DIR/$(basename "$(cat "$WORK_DIR/last_checkpoint")")
logged "$WORK_DIR/test.log" python tools/test.py "$CONFIG" "$CHECKPOINT" \
    --work-dir "$WORK_DIR" --dump "$WORK_DIR/predictions.pkl"
took testing

step "5/5 Pictures of what the network saw, with its predictions"
logged "$WORK_DIR/pictures.log" python tools/visualizations/browse_dataset.py "$CONFIG" \
    --split val --num 4 --checkpoint "$CHECKPOINT" --out "$WORK_DIR/pictures"
took drawing

# What the test said last of an accuracy, in percent.
accuracy() {
    sed -n "s,.*acc/$1: \([0-9.]*\).*,\1,p" "$WORK_DIR/test.log" |
        awk '{ last = $1 } END { printf "%.1f", 100 * last }'
}

step "Done. Where everything lies:"
cat <<END
clips and labels   $DATA
checkpoint         $CHECKPOINT
logs               $WORK_DIR/train.log, $WORK_DIR/test.log, $WORK_DIR/pictures.log
predictions        $WORK_DIR/predictions.pkl
pictures           $WORK_DIR/pictures
environment        $(python -c 'import sys; print(sys.prefix)')
END

step "Accuracy in percent, on clips that were not trained on"
{
    echo "stream   top-1 top-5"
    echo "I-frames $(accuracy i_stream_top1) $(accuracy i_stream_top5)"
    echo "P-frames $(accuracy p_stream_top1) $(accuracy p_stream_top5)"
    echo "fused    $(accuracy top1) $(accuracy top5)"
    echo "chance   12.5 62.5"
} | awk '{ printf "%-9s %6s %6s\n", $1, $2, $3 }'
echo "$TIMES" | awk '{ for (i = 1; i < NF; i += 2) printf "%s %s s%s", $i, $(i + 1),
    i < NF - 1 ? ", " : "\n" }'

step "Next: predict a clip, and look at $WORK_DIR/predicted/val_00000.mp4"
cat <<END
${ACTIVATE}mmcondense predict $DATA/videos/val_00000.mp4 \\
    $CONFIG $CHECKPOINT --out-dir $WORK_DIR/predicted
END
