#!/usr/bin/env bash
# Check style and types, then run the tests: bash tools/run_tests.sh [arguments of pytest]
# Needs the extra dev: pip install -e '.[dev]'
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 # each test process has its own core
status=0
python -m ruff check . || status=1
python -m ruff format --check . || status=1
python -m mypy || status=1
if [ $# -gt 0 ]; then
    python -m pytest -n "${TEST_PROCESSES:-2}" "$@" || status=1
else
    # worksteal: each process begins with one half of the files, so that few fixtures are made twice
    python -m pytest -n "${TEST_PROCESSES:-2}" --dist worksteal -m "not alone" || status=1
    python -m pytest -m alone tests/apis/export tests/mmcondense_cli || status=1
fi
[ $status -eq 0 ] || echo "run_tests.sh: failed, see above" >&2
exit $status
