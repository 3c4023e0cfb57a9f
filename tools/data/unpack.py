"""Unpack a data set's archive, and the archives in it, whatever their kind.

    python tools/data/unpack.py ~/downloads data/ucf101/videos UCF101 UCF-101

finds UCF101 or UCF-101 as a .rar, .zip, .tar, .tar.gz or .tgz in ~/downloads, unpacks it to
data/ucf101/videos, and prints that folder; an unpacked folder UCF101 or UCF-101 is taken as it is,
and printed. With --suffix .avi it prints the folder of class folders, wherever below that it is,
and with --link data/ucf101/videos that becomes another name of it, whatever the archive looked
like. Called again, it does nothing but print. Archives that announce
more than --max-bytes, by default what the disk has free, or that are packed more than four times
over, are refused.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

ARCHIVE_SUFFIXES = (".rar", ".zip", ".tar", ".tar.gz", ".tgz")
MAX_DEPTH = 4
"""Archives within archives. HMDB51 has two."""

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


def unpack(source: Path, target: Path, *, max_bytes: int | None = None) -> Path:
    """Unpack an archive, and the archives in it, aside first; a folder is taken as it is.

    Args:
        source: The archive.
        target: The folder to make.
        max_bytes: What all archives together may take. None: what the disk has free.

    Returns:
        ``target``, or ``source`` if that is a folder.

    Raises:
        FileNotFoundError: for a .rar without a program that opens it.
        subprocess.CalledProcessError: if that program fails.
        ValueError: for an archive that is damaged, encrypted, too large, or packed too often.
    """
    if source.is_dir():
        return source
    if not target.exists():
        aside = target.with_name(f"{target.name}.part")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        left = shutil.disk_usage(aside).free if max_bytes is None else max_bytes
        try:
            left -= _unpack_into(source, aside, left)
            depth = 1
            while archives := _archives_in(aside):  # HMDB51 is an archive of one archive per class
                depth += 1
                if depth > MAX_DEPTH:
                    raise ValueError(f"{source} is packed more than {MAX_DEPTH} times over")
                for archive in archives:
                    left -= _unpack_into(archive, archive.parent, left)
                    archive.unlink()
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        os.replace(aside, target)
    return target


def _unpack_into(archive: Path, folder: Path, max_bytes: int) -> int:
    """Unpack one archive. Returns how many bytes its files have."""
    try:
        if archive.suffix == ".rar":  # how large it is, only the programs know
            _unrar(archive, folder)
            return 0
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as zipped:
                size = sum(entry.file_size for entry in zipped.infolist())
                _check_size(archive, size, max_bytes)
                zipped.extractall(folder)
        else:
            with tarfile.open(archive) as tarred:
                size = 0
                for entry in tarred:
                    size += entry.size
                    _check_size(archive, size, max_bytes)
                tarred.extractall(folder, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ValueError(f"{archive} cannot be unpacked: {error}") from error
    return size


def _check_size(archive: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise ValueError(
            f"{archive} announces {size} bytes or more, and {max_bytes} are left (--max-bytes)"
        )


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
    parser.add_argument("--max-bytes", type=int, help="of all files; default: all free ones")
    parser.add_argument("--suffix", help="of the videos: print the folder of class folders")
    parser.add_argument("--link", type=Path, help="another name to give to what is printed")
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    try:
        source = find_source(args.folder, args.names)
        folder = unpack(source, args.target, max_bytes=args.max_bytes)
        if args.suffix:
            folder = class_root(folder, suffix=args.suffix)
        if args.link is not None:
            link_to(folder, args.link)
        print(folder)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
