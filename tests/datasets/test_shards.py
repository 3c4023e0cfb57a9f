"""Archives: a member is the file that was packed, and damage is named with archive and member."""

from __future__ import annotations

import gzip
import json
import pickle
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from mmengine import fileio

from compressedvideo import CodecError, VideoNotFoundError, VideoOpenError
from mmcondense.datasets import shards
from mmcondense.datasets.shards import index_path, read_member, scan_archive, write_index
from mmcondense_preparation import places

FILES = {"a/x.bin": b"first" * 300, "a/ü y.bin": b"", "b.bin": bytes(range(256)) * 10}


@pytest.fixture
def archive(tmp_path) -> Path:
    """FILES without an index, and a folder entry, as `tar` writes them."""
    for name, content in FILES.items():
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with tarfile.open(tmp_path / "some.tar", "w") as tar:
        for name in ("a", "b.bin"):
            tar.add(tmp_path / "files" / name, arcname=name)
    return tmp_path / "some.tar"


@pytest.mark.parametrize("indexed", [False, True])
def test_members_are_the_files(archive, indexed):
    members = scan_archive(archive)
    assert {name: size for name, (_, size) in members.items()} == {
        name: len(content) for name, content in FILES.items()
    }
    if indexed:
        write_index(archive, members)
    for name, content in FILES.items():
        assert read_member(str(archive), name) == content
        assert fileio.get(f"shards://{archive}/{name}") == content
        assert fileio.get(f"{archive}/{name}", backend_args=dict(backend="shards")) == content


@pytest.fixture
def stored(archive) -> Iterator[str]:
    """The archive in a store in this process's memory, and how to put other bytes there."""
    store = fsspec.filesystem("memory")
    store.pipe_file("/bucket/some.tar", archive.read_bytes())
    yield "memory://bucket/some.tar"
    store.rm("/bucket", recursive=True)
    shards._find_at_address.cache_clear()
    shards._members.cache_clear()


def put_index(archive: Path, change=lambda text: text) -> None:
    write_index(archive, scan_archive(archive))
    text = change(index_path(archive).read_text())
    fsspec.filesystem("memory").pipe_file("/bucket/some.tar.index", text.encode())


def get(address: str) -> bytes:
    return fileio.get(address, backend_args=dict(backend="shards"))


def test_of_an_archive_in_a_store_the_member_alone_is_fetched(archive, stored, monkeypatch):
    put_index(archive)
    fetched = []

    def read(address, **part):
        fetched.append((address.removeprefix(stored), places.read(address, **part)))
        return fetched[-1][1]

    monkeypatch.setattr(shards, "read", read)
    monkeypatch.setattr("mmcondense.datasets.shards.tarfile.open", None)
    for name in ("b.bin", "a/x.bin", "a/ü y.bin"):
        assert get(f"{stored}/{name}") == FILES[name]
    assert fetched == [
        (".index", index_path(archive).read_bytes()),
        *(("", FILES[name]) for name in ("b.bin", "a/x.bin")),
    ]


def test_an_archive_in_a_store_without_an_index_is_searched(stored):
    for name, content in FILES.items():
        assert get(f"{stored}/{name}") == content


def test_what_is_wrong_with_an_archive_in_a_store_is_named(archive, stored):
    with pytest.raises(VideoNotFoundError, match=r"there is no archive memory://bucket/none\.tar"):
        get("memory://bucket/none.tar/b.bin")
    with pytest.raises(VideoNotFoundError, match=r"some\.tar has 3 members, but none of this name"):
        get(f"{stored}/c.bin")
    shards._members.cache_clear()
    put_index(archive, lambda text: text[:-20])
    with pytest.raises(VideoOpenError, match=r"damaged index memory://bucket/some\.tar\.index"):
        get(f"{stored}/b.bin")
    size = len(archive.read_bytes())
    put_index(archive, lambda text: re.sub(r'("b.bin": \[\d+, )\d+', rf"\g<1>{size}", text))
    with pytest.raises(VideoOpenError, match="ends within it"):
        get(f"{stored}/b.bin")
    cut(archive)
    fsspec.filesystem("memory").pipe_file("/bucket/some.tar", archive.read_bytes())
    fsspec.filesystem("memory").rm("/bucket/some.tar.index")
    shards._find_at_address.cache_clear()
    with pytest.raises(VideoOpenError, match=r"no complete, uncompressed tar archive|cut behind"):
        get(f"{stored}/b.bin")


def test_an_index_saves_the_search(archive, monkeypatch):
    write_index(archive, scan_archive(archive))
    monkeypatch.setattr("mmcondense.datasets.shards.tarfile.open", None)
    assert read_member(str(archive), "b.bin") == FILES["b.bin"]


def test_a_replaced_archive_is_searched_anew(archive):
    assert read_member(str(archive), "b.bin") == FILES["b.bin"]
    with tarfile.open(archive, "w") as tar:
        tar.add(archive.parent / "files" / "a" / "x.bin", arcname="new.bin")
    assert read_member(str(archive), "new.bin") == FILES["a/x.bin"]
    with pytest.raises(VideoNotFoundError):
        read_member(str(archive), "b.bin")


def cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-12_000])  # within b.bin, the last


def cut_between_members(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        last = tar.getmembers()[-1].offset
    archive.write_bytes(archive.read_bytes()[:last])


def break_last_header(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        last = tar.getmembers()[-1].offset
    data = bytearray(archive.read_bytes())
    data[last : last + 100] = b"?" * 100
    archive.write_bytes(data)


def compress(archive: Path) -> None:
    archive.write_bytes(gzip.compress(archive.read_bytes()))


@pytest.mark.parametrize("damage", [cut, cut_between_members, break_last_header, compress])
def test_a_damaged_archive_is_named_with_the_member(archive, damage):
    damage(archive)
    with pytest.raises(VideoOpenError, match=r"some\.tar.*damaged|complete, uncompr") as caught:
        read_member(str(archive), "a/x.bin")
    assert caught.value.path == f"{archive}/a/x.bin"
    copy = pickle.loads(pickle.dumps(caught.value))  # as it crosses a worker's boundary
    assert str(copy) == str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-20], "damaged index"),
        (lambda text: "[]", "damaged index"),
        (lambda text: '{"archive_bytes": 1e999, "members": {}}', "damaged index"),
        (lambda text: "[" * 100_000, "damaged index"),
        (lambda text: re.sub(r'"b.bin": \[\d+', '"b.bin": [-512', text), "less than 0 bytes"),
        (lambda text: re.sub(r'("b.bin": \[\d+, )\d+', r"\1-1", text), "less than 0 bytes"),
        (lambda text: json.dumps(json.loads(text) | dict(archive_bytes=7)), "its index .* knows 7"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(archive, change, message):
    write_index(archive, scan_archive(archive))
    index = index_path(archive)
    index.write_text(change(index.read_text()))
    with pytest.raises(VideoOpenError, match=message) as caught:
        read_member(str(archive), "b.bin")
    assert caught.value.path == f"{archive}/b.bin"


def test_an_index_beyond_the_end_is_refused(archive):
    members = scan_archive(archive)
    for size in (10**6, 1 << 45, 1 << 70):  # memory is not taken for it
        write_index(archive, members | {"b.bin": (members["b.bin"][0], size)})
        shards._members.cache_clear()
        with pytest.raises(VideoOpenError, match=r"some\.tar ends within it"):
            read_member(str(archive), "b.bin")


@pytest.mark.parametrize(
    ("address", "kind", "message"),
    [
        ("some.tar/c.bin", VideoNotFoundError, r"some\.tar has 3 members, but none"),
        ("none.tar/b.bin", VideoNotFoundError, r"there is no archive .*none\.tar"),
        ("files/b.bin", CodecError, r"NAME\.tar/PATH"),
        ("folder.tar/b.bin", VideoOpenError, r"archive cannot be read"),
    ],
)
def test_a_wrong_address(archive, address, kind, message):
    (archive.parent / "folder.tar").mkdir()
    with pytest.raises(kind, match=message) as caught:
        fileio.get(f"shards://{archive.parent}/{address}")
    assert caught.value.path == f"{archive.parent}/{address}"
