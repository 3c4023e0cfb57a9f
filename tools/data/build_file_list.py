"""Turn the official lists of a data set into annotation files in MMAction2's format.

    python tools/data/build_file_list.py hmdb51 LISTS data/hmdb51/videos_mpeg4 data/hmdb51
    python tools/data/build_file_list.py ucf101 LISTS data/ucf101/videos_mpeg4 data/ucf101
    python tools/data/build_file_list.py kinetics-n50 LISTS KINETICS data/kinetics_n50
    python tools/data/build_file_list.py sthv2 LISTS data/sthv2/videos data/sthv2 \\
        --suffix .webm --kind list_videos

LISTS is the folder of the official lists: HMDB51's brush_hair_test_split1.txt and so on, UCF101's
classInd.txt, trainlist01.txt and so on, Kinetics' train.csv and validate.csv (also as
kinetics_train.csv and kinetics_val.csv), Something-Something's something-something-v2-train.json,
-validation.json and -labels.json (also as train.json and so on). The lines are ``path label``; for
HMDB51 and UCF101 the files are hmdb51_train_split_1_videos.txt, hmdb51_val_split_1_videos.txt and
so on; with --kind originals they end in _originals.txt, so that lists of the archive's .avi files
lie beside those of re-encoded ones. classes.txt names the labels.

Kinetics-n50 is Kinetics-400 with 30 training and 20 validation videos a class (DMC-Net's subset,
of which no list is public). Each class's official list is shuffled by --seed, and its first videos
that are anywhere below KINETICS are taken, so that two copies of Kinetics that lack different
videos share most of the subset. They are linked into data/kinetics_n50/videos/train and val, to be
re-encoded from there; kinetics_n50_train_videos.txt and _val_ name the re-encoded ones.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from mmcondense_preparation.settings import write_aside

Entry = tuple[str, int]
"""A video's path below the folder of videos, and its label."""

NUM_TRAIN, NUM_VAL = 30, 20


def hmdb51(lists: Path, *, suffix: str) -> tuple[list[str], dict[str, list[Entry]]]:
    """Classes in alphabetical order, and the three splits.

    A list has ``name.avi 1`` for training, 2 for testing, 0 for neither.
    """
    classes = sorted(
        path.name.removesuffix("_test_split1.txt") for path in lists.rglob("*_test_split1.txt")
    )
    splits: dict[str, list[Entry]] = defaultdict(list)
    for split in (1, 2, 3):
        for label, name in enumerate(classes):
            for line in _lines(lists, f"{name}_test_split{split}.txt"):
                video, use = line.rsplit(maxsplit=1)
                if use in ("1", "2"):
                    part = {"1": "train", "2": "val"}[use]
                    path = f"{name}/{Path(video).stem}{suffix}"
                    splits[f"hmdb51_{part}_split_{split}"].append((path, label))
    return classes, splits


def ucf101(lists: Path, *, suffix: str) -> tuple[list[str], dict[str, list[Entry]]]:
    """Classes in the order of ``classInd.txt``, and the three splits."""
    classes = [line.split()[1] for line in _lines(lists, "classInd.txt")]
    splits: dict[str, list[Entry]] = {}
    for split in (1, 2, 3):
        for part, file in (("train", "trainlist"), ("val", "testlist")):
            entries = []
            for line in _lines(lists, f"{file}{split:02d}.txt"):
                video = Path(line.split()[0])  # training lists have a label behind
                label = classes.index(video.parent.name)
                entries.append((f"{video.parent.name}/{video.stem}{suffix}", label))
            splits[f"ucf101_{part}_split_{split}"] = entries
    return classes, splits


def sthv2(lists: Path, *, suffix: str) -> tuple[list[str], dict[str, list[Entry]]]:
    """Classes by their official label, and the two parts in the official order.

    A video's class is its ``template``, in which placeholders have brackets that the labels lack:
    "Pushing [something] from left to right".

    Raises:
        ValueError: if labels are not 0, 1, ..., or a video has a template that is no class.
    """
    path = _find(lists, "something-something-v2-labels.json", "labels.json")
    labels = {name: int(label) for name, label in json.loads(path.read_text("utf-8")).items()}
    if sorted(labels.values()) != list(range(len(labels))):
        raise ValueError(f"{path}: labels are not 0 to {len(labels) - 1}, each once")
    sets = {}
    for part, name in (("train", "train"), ("val", "validation")):
        path = _find(lists, f"something-something-v2-{name}.json", f"{name}.json")
        entries = []
        for item in json.loads(path.read_text("utf-8")):
            template = item["template"].replace("[", "").replace("]", "")
            if template not in labels:
                raise ValueError(f"{path}: video {item['id']} has class {template!r}, not a label")
            entries.append((f"{item['id']}{suffix}", labels[template]))
        sets[f"sthv2_{part}"] = entries
    return sorted(labels, key=labels.__getitem__), sets


def kinetics_n50(
    lists: Path, *, videos: Path, seed: int, num_train: int = NUM_TRAIN, num_val: int = NUM_VAL
) -> tuple[list[str], dict[str, list[tuple[Path, int]]]]:
    """Classes in alphabetical order, and a seeded choice of original videos and their labels.

    Raises:
        FileNotFoundError: if ``videos`` has too few videos of a class.
    """
    available = {path.stem: path for path in sorted(videos.rglob("*.*"))}
    classes: list[str] = []
    chosen: dict[str, list[tuple[Path, int]]] = {}
    for part, names, number in (
        ("train", ("train.csv", "kinetics_train.csv"), num_train),
        ("val", ("validate.csv", "val.csv", "kinetics_val.csv"), num_val),
    ):
        by_class = defaultdict(list)
        with _find(lists, *names).open(newline="") as opened:
            for row in csv.DictReader(opened):
                span = f"{int(float(row['time_start'])):06d}_{int(float(row['time_end'])):06d}"
                by_class[row["label"]].append(f"{row['youtube_id']}_{span}")
        classes = classes or sorted(by_class)
        chosen[part] = []
        for label, name in enumerate(classes):
            shuffled = sorted(by_class[name])
            random.Random(f"{seed} {part} {name}").shuffle(shuffled)
            found = [available[video] for video in shuffled if video in available]
            if len(found) < number:
                raise FileNotFoundError(
                    f"{videos} has {len(found)} of the {len(shuffled)} {part} videos of class "
                    f"{name!r}, and {number} are needed"
                )
            chosen[part] += [(path, label) for path in found[:number]]
    return classes, chosen


def link_chosen(
    chosen: dict[str, list[tuple[Path, int]]], *, classes: list[str], out: Path, suffix: str
) -> dict[str, list[Entry]]:
    """Link the chosen videos to ``out/{train,val}/CLASS/``; spaces in class names become ``_``.

    Returns:
        The entries of the re-encoded videos, by annotation file.
    """
    sets = {}
    for part, videos in chosen.items():
        entries = []
        for path, label in videos:
            name = f"{part}/{classes[label].replace(' ', '_')}/{path.stem}"
            link = out / f"{name}{path.suffix}"
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(path.resolve())
            entries.append((f"{name}{suffix}", label))
        sets[f"kinetics_n50_{part}"] = entries
    return sets


def _find(folder: Path, *names: str) -> Path:
    for name in names:
        for path in sorted(folder.rglob(name)):
            return path
    raise FileNotFoundError(f"no {' or '.join(names)} in {folder}")


def _lines(folder: Path, name: str) -> Iterator[str]:
    for line in _find(folder, name).read_text().splitlines():
        if line.strip():
            yield line.strip()


def present(entries: list[Entry], *, videos: Path, allow_missing: bool) -> list[Entry]:
    """The entries whose video is there.

    Raises:
        FileNotFoundError: if one is not there, and ``allow_missing`` is False.
    """
    there = [(path, label) for path, label in entries if (videos / path).is_file()]
    missing = sorted(set(entries) - set(there))
    if missing and not allow_missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(entries)} listed videos are not in {videos}, such as "
            f"{missing[0][0]}. If they cannot be had, go on with --allow-missing"
        )
    return there


def write(path: Path, lines: list[str]) -> None:
    """Write a text file, aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside(path, "".join(f"{line}\n" for line in lines).encode())


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", choices=("hmdb51", "ucf101", "kinetics-n50", "sthv2"))
    parser.add_argument("lists", type=Path, help="folder of the official lists")
    parser.add_argument(
        "videos", type=Path, help="folder of the videos to list; for Kinetics the originals"
    )
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--suffix", default=".mp4", help="of the videos to list (%(default)s)")
    parser.add_argument(
        "--kind", default="videos", help="last part of the lists' names (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="for Kinetics-n50 (%(default)s)")
    parser.add_argument(
        "--allow-missing", action="store_true", help="leave out listed videos that are not there"
    )
    args = parser.parse_args()
    for folder in (args.lists, args.videos):
        if not folder.is_dir():
            parser.error(f"no folder {folder}")
    return args


def main() -> int:
    args = parse_args()
    try:
        if args.dataset == "kinetics-n50":
            classes, chosen = kinetics_n50(args.lists, videos=args.videos, seed=args.seed)
            sets = link_chosen(chosen, classes=classes, out=args.out / "videos", suffix=args.suffix)
        else:
            read = {"hmdb51": hmdb51, "ucf101": ucf101, "sthv2": sthv2}[args.dataset]
            classes, listed = read(args.lists, suffix=args.suffix)
            sets = {
                name: present(entries, videos=args.videos, allow_missing=args.allow_missing)
                for name, entries in listed.items()
            }
    except (FileNotFoundError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write(args.out / "classes.txt", classes)
    for name, entries in sets.items():
        path = args.out / f"{name}_{args.kind}.txt"
        write(path, [f"{video} {label}" for video, label in entries])
        print(f"{path}: {len(entries)} videos of {len({label for _, label in entries})} classes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
