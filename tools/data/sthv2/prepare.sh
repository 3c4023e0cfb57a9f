#!/usr/bin/env bash
# Something-Something V2, annotation files beside the original webm videos:
#
#     bash tools/data/sthv2/prepare.sh VIDEOS ANNOTATIONS [DATA_ROOT]
#
# VIDEOS is the folder of 1.webm and so on; ANNOTATIONS holds the official
# something-something-v2-{train,validation,labels}.json. Videos stay where they are, a link leads
# there. Environment: MISSING=stop|skip, what listed videos that are not there do.
set -euo pipefail
usage="usage: bash tools/data/sthv2/prepare.sh VIDEOS ANNOTATIONS [DATA_ROOT]"
videos=${1:?$usage}
annotations=${2:?$usage}
root=${3:-data/sthv2}
missing=${MISSING:-stop}
tools=$(dirname "${BASH_SOURCE[0]}")/..
options=()
case $missing in
    stop) ;;
    skip) options+=(--allow-missing) ;;
    *) echo "MISSING is $missing, allowed are stop and skip" >&2; exit 2 ;;
esac

for folder in "$videos" "$annotations"; do
    [[ -d $folder ]] || { echo "no folder $folder" >&2; exit 1; }
done
videos=$(cd "$videos" && pwd -P)
mkdir -p "$root"
if [[ ! -e $root/videos ]]; then
    ln -sfn "$videos" "$root/videos"
elif [[ $(cd "$root/videos" && pwd -P) != "$videos" ]]; then
    echo "$root/videos is another folder than $videos: remove it, or name it" >&2
    exit 1
fi
python "$tools/build_file_list.py" sthv2 "$annotations" "$root/videos" "$root" \
    --suffix .webm --kind list_videos ${options[@]+"${options[@]}"}
