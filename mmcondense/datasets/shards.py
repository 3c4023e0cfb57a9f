"""Many videos in few files: reading members of uncompressed tar archives without unpacking them.

``data/shards/hmdb51-000012.tar/brush_hair/x.mp4`` is the member ``brush_hair/x.mp4`` of an archive,
as if the archive were a folder. ``tools/data/make_shards.py`` makes such archives, with an index
``hmdb51-000012.tar.index`` beside each, so that none has to be searched; archives of others, such
as webdataset's, are searched once by each process. An archive may also lie at an address that
fsspec knows, ``s3://bucket/shards/hmdb51-000012.tar``: of it the wanted bytes alone are fetched.
"""

from __future__ import annotations

import functools
import json
import os
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mmengine.fileio import BaseStorageBackend, register_backend

from compressedvideo import VideoNotFoundError, VideoOpenError
from mmcondense_preparation.places import open_address, read, size_of
from mmcondense_preparation.settings import write_aside

Members = dict[str, tuple[int, int]]
"""Name to offset in the archive and size, bytes."""

PREFIX = "shards"
INDEX = ".index"
"""Ending of the file beside an archive that says where its members are."""
_DAMAGED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""What reading a damaged index raises."""
_BLOCK = tarfile.BLOCKSIZE
_LOOK = 1 << 16  # bytes fetched at once for a member's header
_ADDRESS = re.compile(r"(.+?\.tar)/(.+)", re.DOTALL)


@register_backend("shards", prefixes=PREFIX, force=True)
class ShardBackend(BaseStorageBackend):
    """MMEngine's file backend for members of archives: ``backend_args=dict(backend='shards')``.

    Addresses may also begin with ``shards://``, which selects this backend by itself. No file
    stays open between two reads, so that processes have none to share.
    """

    def get(self, filepath: str | os.PathLike) -> bytes:
        """The bytes of a member.

        Raises:
            VideoOpenError: If the archive is missing, damaged or compressed.
            VideoNotFoundError: If it has no such member.
        """
        address = os.fspath(filepath).removeprefix(f"{PREFIX}://")
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise VideoOpenError(
                "is no member of an archive: write FOLDER/NAME.tar/PATH/IN/THE/ARCHIVE",
                path=address,
            )
        archive, member = match.groups()
        try:
            return read_member(archive, member)
        except OSError as error:
            if isinstance(error, VideoNotFoundError):
                raise
            raise VideoOpenError(f"its archive cannot be read ({error})", path=address) from error

    def get_text(self, filepath: str | os.PathLike, encoding: str = "utf-8") -> str:
        return self.get(filepath).decode(encoding)


@dataclass(frozen=True)
class _OnDisk:
    """An archive that is a file. A changed one is another."""

    archive: str
    version: tuple[int, int]
    """Size and time."""

    @property
    def size(self) -> int:
        return self.version[0]

    def read(self, offset: int, size: int) -> bytes:
        with open(self.archive, "rb", buffering=0) as file:
            file.seek(offset)
            return file.read(size)

    def read_index(self) -> bytes:
        return index_path(Path(self.archive)).read_bytes()

    def scan(self) -> Members:
        return scan_archive(Path(self.archive))


@dataclass(frozen=True)
class _AtAddress:
    """An archive in a store: it is taken not to change while this process lives."""

    archive: str
    size: int

    def read(self, offset: int, size: int) -> bytes:
        return read(self.archive, start=offset, stop=offset + size) if size else b""

    def read_index(self) -> bytes:
        return read(f"{self.archive}{INDEX}")

    def scan(self) -> Members:
        files, path = open_address(self.archive)
        try:
            with files.open(path, "rb", block_size=_LOOK) as file:
                return _scan(file)
        except (OSError, ValueError):
            raise
        except Exception as error:  # of botocore, aiohttp, ...
            raise OSError(f"{type(error).__name__}: {error}") from error


def _find(archive: str) -> _OnDisk | _AtAddress:
    if "://" in archive:
        return _find_at_address(archive)
    status = os.stat(archive)
    return _OnDisk(archive, (status.st_size, status.st_mtime_ns))


@functools.cache
def _find_at_address(archive: str) -> _AtAddress:
    return _AtAddress(archive, size_of(archive))


def read_member(archive: str, member: str) -> bytes:
    """Read a member at its place; raises as :meth:`ShardBackend.get`, and OSError."""
    address = f"{archive}/{member}"
    try:
        found = _find(archive)
    except FileNotFoundError as error:
        raise VideoNotFoundError(f"there is no archive {archive}", path=address) from error
    try:
        members = _members(found)
    except ValueError as error:
        raise VideoOpenError(f"its archive {archive} {error}", path=address) from error
    if member not in members:
        raise VideoNotFoundError(
            f"the archive {archive} has {len(members)} members, but none of this name",
            path=address,
        )
    offset, size = members[member]
    # Looked at before memory is taken for it.
    data = found.read(offset, size) if offset + size <= found.size else b""
    if len(data) < size:
        raise VideoOpenError(f"its archive {archive} ends within it: copy it again", path=address)
    return data


@functools.cache
def _members(archive: _OnDisk | _AtAddress) -> Members:
    size, index = archive.size, f"{archive.archive}{INDEX}"
    try:
        text = archive.read_index()
    except FileNotFoundError:
        return archive.scan()
    try:
        content = json.loads(text)
        archive_bytes = int(content["archive_bytes"])
        members = {name: (int(at), int(count)) for name, (at, count) in content["members"].items()}
        if any(at < 0 or count < 0 for at, count in members.values()):
            raise ValueError("a member is at or of less than 0 bytes")
    except _DAMAGED as error:
        raise ValueError(f"has a damaged index {index} ({error}): delete the index") from error
    if archive_bytes != size:
        raise ValueError(
            f"has {size} bytes, of which its index {Path(index).name} knows {archive_bytes}: copy "
            "both again, or delete the index"
        )
    return members


def index_path(archive: Path) -> Path:
    """The file beside an archive that says where its members are."""
    return archive.with_name(f"{archive.name}{INDEX}")


def scan_archive(archive: Path) -> Members:
    """Find the members by the archive's own headers.

    Raises:
        ValueError: If it is no uncompressed tar archive, or damaged; begins with a verb.
        OSError: If it cannot be read.
    """
    with open(archive, "rb") as file:
        return _scan(file)


def _scan(file: BinaryIO) -> Members:
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            members = {info.name: (info.offset_data, info.size) for info in tar if info.isreg()}
            file.seek(tar.offset)
            end = file.read(_BLOCK)
    except tarfile.TarError as error:
        raise ValueError(f"is no complete, uncompressed tar archive ({error})") from error
    if end != bytes(_BLOCK):  # tarfile takes a broken header for the end
        raise ValueError(f"is damaged or cut behind its {len(members)} readable members")
    return members


def write_index(archive: Path, members: Members) -> None:
    """Write the index of a complete archive."""
    content = dict(archive_bytes=archive.stat().st_size, members=members)
    write_aside(index_path(archive), (json.dumps(content) + "\n").encode())
