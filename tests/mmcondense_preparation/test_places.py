"""Folders and addresses; fsspec's own file systems stand for those of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compressedvideo import CodecError
from mmcondense_preparation import Execution, Item, prepare
from mmcondense_preparation.places import as_place, files_of, is_address, send
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
