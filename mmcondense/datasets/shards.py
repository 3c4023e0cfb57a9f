"""Many videos in few files: reading members of uncompressed tar archives without unpacking them.

``data/shards/hmdb51-000012.tar/brush_hair/x.mp4`` is the member ``brush_hair/x.mp4`` of an archive,
as if the archive were a folder. ``tools/data/make_shards.py`` makes such archives, with an index
``hmdb51-000012.tar.index`` beside each, so that none has to be searched; archives of others, such
as webdataset's, are searched once by each process.
"""

from __future__ import annotations

import functools
import json
import os
import re
import tarfile
from pathlib import Path

from mmengine.fileio import BaseStorageBackend, register_backend

from compressedvideo import VideoNotFoundError, VideoOpenError

Members = dict[str, tuple[int, int]]
"""Name to offset in the archive and size, bytes."""

PREFIX = "shards"
_DAMAGED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""What reading a damaged index raises."""
_BLOCK = tarfile.BLOCKSIZE
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


def read_member(archive: str, member: str) -> bytes:
    """Read a member at its place; raises as :meth:`ShardBackend.get`, and OSError."""
    address = f"{archive}/{member}"
    try:
        status = os.stat(archive)
    except FileNotFoundError as error:
        raise VideoNotFoundError(f"there is no archive {archive}", path=address) from error
    try:
        members = _members(archive, status.st_size, status.st_mtime_ns)
    except ValueError as error:
        raise VideoOpenError(f"its archive {archive} {error}", path=address) from error
    if member not in members:
        raise VideoNotFoundError(
            f"the archive {archive} has {len(members)} members, but none of this name",
            path=address,
        )
    offset, size = members[member]
    if offset + size > status.st_size:  # before memory is taken for it
        raise VideoOpenError(f"its archive {archive} ends within it: copy it again", path=address)
    with open(archive, "rb", buffering=0) as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) < size:
        raise VideoOpenError(f"its archive {archive} ends within it: copy it again", path=address)
    return data


@functools.cache
def _members(archive: str, size: int, _time_ns: int) -> Members:
    index = index_path(Path(archive))
    if not index.exists():
        return scan_archive(Path(archive))
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        archive_bytes = int(content["archive_bytes"])
        members = {name: (int(at), int(count)) for name, (at, count) in content["members"].items()}
        if any(at < 0 or count < 0 for at, count in members.values()):
            raise ValueError("a member is at or of less than 0 bytes")
    except _DAMAGED as error:
        raise ValueError(f"has a damaged index {index} ({error}): delete the index") from error
    if archive_bytes != size:
        raise ValueError(
            f"has {size} bytes, of which its index {index.name} knows {archive_bytes}: copy both "
            "again, or delete the index"
        )
    return members


def index_path(archive: Path) -> Path:
    """The file beside an archive that says where its members are."""
    return archive.with_name(f"{archive.name}.index")


def scan_archive(archive: Path) -> Members:
    """Find the members by the archive's own headers.

    Raises:
        ValueError: If it is no uncompressed tar archive, or damaged; begins with a verb.
        OSError: If it cannot be read.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            members = {info.name: (info.offset_data, info.size) for info in tar if info.isreg()}
            tar.fileobj.seek(tar.offset)  # type: ignore[union-attr]
            end = tar.fileobj.read(_BLOCK)  # type: ignore[union-attr]
    except tarfile.TarError as error:
        raise ValueError(f"is no complete, uncompressed tar archive ({error})") from error
    if end != bytes(_BLOCK):  # tarfile takes a broken header for the end
        raise ValueError(f"is damaged or cut behind its {len(members)} readable members")
    return members


def write_index(archive: Path, members: Members) -> None:
    """Write the index of a complete archive, aside first."""
    index = index_path(archive)
    part = index.with_name(f"{index.name}.part")
    content = dict(archive_bytes=archive.stat().st_size, members=members)
    part.write_text(json.dumps(content) + "\n", encoding="utf-8")
    os.replace(part, index)
