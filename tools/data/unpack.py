"""Unpack a data set's archive, and the archives in it, whatever their kind.

    python tools/data/unpack.py ~/downloads data/ucf101/videos UCF101 UCF-101

finds UCF101 or UCF-101 as a .rar, .zip, .tar, .tar.gz or .tgz in ~/downloads, unpacks it to
data/ucf101/videos, and prints that folder; an unpacked folder UCF101 or UCF-101 is taken as it is,
and printed. With --suffix .avi it prints the folder of class folders, wherever below that it is,
and with --link data/ucf101/videos that becomes another name of it, whatever the archive looked
like. Called again, it does nothing but print.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

ARCHIVE_SUFFIXES = (".rar", ".zip", ".tar", ".tar.gz", ".tgz")
RAR_COMMANDS = {
    "unrar": ("unrar", "x", "-y", "-idq", "{archive}", "{target}/"),
    "bsdtar": ("bsdtar", "-xf", "{archive}", "-C", "{target}"),
    "7z": ("7z", "x", "-y", "-bso0", "-o{target}", "{archive}"),
}


def find_source(folder: Path, names: Sequence[str]) -> Path:
    """The archive of one of these names with any of ARCHIVE_SUFFIXES, or the unpacked folder.

    Raises:
        FileNotFoundError: if there is none.
    """
    for name in names:
        for suffix in ARCHIVE_SUFFIXES:
            if (archive := folder / f"{name}{suffix}").is_file():
                return archive
        if (folder / name).is_dir():
            return folder / name
    raise FileNotFoundError(
        f"{folder} holds no {' or '.join(names)} ({', '.join(ARCHIVE_SUFFIXES)}, or unpacked)"
    )


def unpack(source: Path, target: Path) -> Path:
    """Unpack an archive, and the archives in it, aside first; a folder is taken as it is.

    Returns:
        ``target``, or ``source`` if that is a folder.

    Raises:
        FileNotFoundError: for a .rar without a program that opens it.
        subprocess.CalledProcessError: if that program fails.
    """
    if source.is_dir():
        return source
    if not target.exists():
        aside = target.with_name(f"{target.name}.part")
        shutil.rmtree(aside, ignore_errors=True)
        _unpack_into(source, aside)
        while archives := _archives_in(aside):  # HMDB51 is an archive of one archive per class
            for archive in archives:
                _unpack_into(archive, archive.parent)
                archive.unlink()
        os.replace(aside, target)
    return target


def _unpack_into(archive: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(folder)
    elif archive.suffix == ".rar":
        _unrar(archive, folder)
    else:
        with tarfile.open(archive) as tarred:
            tarred.extractall(folder, filter="data")


def _archives_in(folder: Path) -> list[Path]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in files if path.name.endswith(ARCHIVE_SUFFIXES)]


def _unrar(archive: Path, folder: Path) -> None:
    for program, command in RAR_COMMANDS.items():
        if shutil.which(program):
            subprocess.run([p.format(archive=archive, target=folder) for p in command], check=True)
            return
    raise FileNotFoundError(
        f"{archive} needs one of {', '.join(RAR_COMMANDS)} to unpack, and none is installed: "
        "`apt-get install unrar` (or libarchive-tools, or p7zip-full), or unpack it elsewhere and "
        f"put the folder {archive.stem} in its place"
    )


def class_root(folder: Path, *, suffix: str) -> Path:
    """The folder of class folders at or below ``folder``.

    Raises:
        FileNotFoundError: if there is no file with this suffix.
    """
    first = min(folder.rglob(f"*{suffix}"), default=None)
    if first is None:
        raise FileNotFoundError(f"no {suffix} file below {folder}")
    return first.parent.parent


def link_to(folder: Path, link: Path) -> None:
    """Make ``link`` another name of ``folder``, unless it is.

    Raises:
        FileExistsError: if it is something else.
    """
    if link.exists() and link.samefile(folder):
        return
    if link.exists() or (link.is_symlink() and os.readlink(link) != str(folder.resolve())):
        raise FileExistsError(
            f"{link} is there, and it is not {folder}: move it away, or give that name to the "
            "folder of class folders"
        )
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder.resolve())


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the archive lies")
    parser.add_argument("target", type=Path, help="folder to make")
    parser.add_argument("names", nargs="+", help="its name without suffix, or several to try")
    parser.add_argument("--suffix", help="of the videos: print the folder of class folders")
    parser.add_argument("--link", type=Path, help="another name to give to what is printed")
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    try:
        folder = unpack(find_source(args.folder, args.names), args.target)
        if args.suffix:
            folder = class_root(folder, suffix=args.suffix)
        if args.link is not None:
            link_to(folder, args.link)
        print(folder)
    except (FileExistsError, FileNotFoundError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
