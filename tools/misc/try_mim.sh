#!/usr/bin/env bash
# Does OpenMMLab's mim find this package and what its metafiles say?  bash tools/misc/try_mim.sh
# In an environment of its own that is removed again: openmim downgrades setuptools (to 60), rich
# and requests. Takes about a minute; the wheel is built from this clone, without PyTorch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

unset PYTHONPATH # or the clone is found in the place of what is installed
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
python3 -m venv "$environment/venv"
source "$environment/venv/bin/activate"
python -m pip install --quiet openmim
mkdir "$environment/source" # a build would leave its folder in the clone
git archive HEAD | tar --extract --directory "$environment/source"
python -m pip wheel --quiet --no-deps --wheel-dir "$environment" "$environment/source"
python -m pip install --quiet "$environment"/mmcondense-*.whl

cd "$environment" # so that the installed package is found, not the clone
mim search mmcondense --config ip_tsn_hmdb51 --field flops parameters architecture | tee found.txt
grep -Eq 'flops +[0-9.]+g' found.txt
models=$(mim search mmcondense --field config | grep -c '^config id:')
echo "mim finds $models models of mmcondense"
