"""Folders and addresses; fsspec's own file systems stand for those of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compressedvideo import CodecError
from mmcondense_preparation import Execution, Item, prepare
from mmcondense_preparation.places import (
    as_place,
    fetch,
    files_of,
    is_address,
    read,
    send,
    size_of,
    sizes_below,
    write,
)
from tests.mmcondense_preparation.conftest import Writing, make_items, tree

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket() -> Iterator[str]:
    """An empty store in this process's memory."""
    yield "memory://bucket"
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


def test_an_address_is_no_path() -> None:
    assert as_place("s3://bucket/videos/") == "s3://bucket/videos"
    assert is_address(as_place("s3://bucket/videos"))
    assert as_place("data/videos") == Path("data/videos")
    assert not is_address("data/videos")
    with pytest.raises(ValueError, match=r"nowhere://a: .*nowhere"):
        list(files_of("nowhere://a"))


def test_results_go_to_a_store(bucket: str, tmp_path: Path) -> None:
    writing = Writing()
    writing.store = f"{bucket}/out"
    execution = Execution(workers=0)
    for made in (12, 0):
        outcome = prepare(
            writing, make_items(12), out=tmp_path / "state", execution=execution, title="write"
        )
        assert (outcome.made, outcome.errors) == (made, [])
    prepare(Writing(), make_items(12), out=tmp_path / "local", execution=execution, title="write")
    local = tree(tmp_path / "local")
    assert tree(tmp_path / "state") == {"manifest.jsonl": local.pop("manifest.jsonl")}
    found = {name: fsspec.open(address).open().read() for name, address in files_of(writing.store)}
    assert found == local


class Indexed(Writing):
    """A file, and beside it how long that is."""

    beside = (".length",)

    def is_whole(self, item: Item, target: Path) -> bool:
        beside = target.with_name(f"{target.name}.length")
        beside.write_text(f"{target.stat().st_size}")
        return True


def test_what_goes_beside_a_target_goes_to_the_store(bucket: str, tmp_path: Path) -> None:
    indexed = Indexed()
    items = [item for item in make_items(5) if item.target and item.target.endswith(".txt")]
    execution = Execution(workers=0)
    prepare(indexed, items, out=tmp_path / "local", execution=execution, title="write")
    indexed.store = bucket
    prepare(indexed, items, out=tmp_path / "state", execution=execution, title="write")
    local = tree(tmp_path / "local")
    assert tree(tmp_path / "state") == {"manifest.jsonl": local.pop("manifest.jsonl")}
    assert {name: read(address) for name, address in files_of(bucket)} == local
    assert sum(name.endswith(".length") for name in local) == len(items) > 1


def test_small_files_are_written_and_read_in_parts(bucket: str, tmp_path: Path) -> None:
    for root in (bucket, f"file://{tmp_path}/out"):
        with pytest.raises(FileNotFoundError):
            read(f"{root}/a/b.txt")
        with pytest.raises(FileNotFoundError):
            size_of(f"{root}/a/b.txt")
        write(b"abcdef", f"{root}/a/b.txt")
        write(b"abcdefg", f"{root}/a/b.txt")
        write(b"", f"{root}/c.txt")
        assert read(f"{root}/a/b.txt") == b"abcdefg"
        assert read(f"{root}/a/b.txt", start=2, stop=5) == b"cde"
        assert size_of(f"{root}/a/b.txt") == 7
        assert sizes_below(root) == {"a/b.txt": 7, "c.txt": 0}
    assert sorted(tree(tmp_path)) == ["out/a/b.txt", "out/c.txt"]


def test_what_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for call, verb in (
        (lambda address: read(address), "read"),
        (lambda address: write(b"", address), "written"),
        (lambda address: fetch(address, tmp_path / "a"), "fetched"),
    ):
        with pytest.raises(OSError, match=rf"file://.*/file/a cannot be {verb} \(\w+Error"):
            call(f"file://{tmp_path}/file/a")


class Reading(Writing):
    fetches = True

    def make(self, item: Item, path: Path | None, loaded: object) -> None:
        assert path is not None
        content = Path(item.source).read_bytes()
        if not content:
            raise CodecError("is empty", path=item.source)
        path.write_bytes(content[::-1])


def test_sources_are_fetched_and_named_as_they_were(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "empty").touch()
    send(tmp_path / "a", f"{bucket}/in/x/a.mp4")
    send(tmp_path / "empty", f"{bucket}/in/empty.mp4")
    items = [Item(name, source, name) for name, source in files_of(f"{bucket}/in")]
    assert [item.key for item in items] == ["empty.mp4", "x/a.mp4"]
    items.append(Item("gone", f"{bucket}/in/gone.mp4", "gone"))
    execution = Execution(workers=0)
    outcome = prepare(Reading(), items, out=tmp_path / "out", execution=execution, title="reverse")
    assert (tmp_path / "out/x/a.mp4").read_bytes() == b"cba"
    assert outcome.errors[0] == f"{bucket}/in/empty.mp4: is empty"
    assert outcome.errors[1].startswith(f"{bucket}/in/gone.mp4 cannot be fetched (FileNotFound")
    assert not (tmp_path / "out/.preparation").exists()
