"""A folder and an address get the same files; what was begun otherwise is refused."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmcondense_preparation import Results, add_state_argument, results_of
from mmcondense_preparation.places import as_place, files_of, read
from tests.mmcondense_preparation.conftest import tree

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket() -> Iterator[str]:
    """An empty store in this process's memory."""
    yield "memory://bucket"
    if fsspec.filesystem("memory").exists("/bucket"):
        fsspec.filesystem("memory").rm("/bucket", recursive=True)


def parse(*arguments: str) -> Results:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=as_place)
    add_state_argument(parser, of="--out")
    args = parser.parse_args(arguments)
    return results_of(parser, args.out, args.state, of="--out")


def test_an_address_and_a_state_belong_together(capsys: pytest.CaptureFixture) -> None:
    assert parse("--out", "a/b") == Results(Path("a/b"), Path("a/b"))
    assert parse("--out", "a/b").store is None
    assert parse("--out", "s3://b/a/", "--state", "c") == Results("s3://b/a", Path("c"))
    assert parse("--out", "s3://b/a", "--state", "c").store == "s3://b/a"
    for arguments in (["--out", "s3://b/a"], ["--out", "a", "--state", "c"]):
        with pytest.raises(SystemExit):
            parse(*arguments)
        assert "--state goes with --out such as s3://..." in capsys.readouterr().err


def test_the_files_are_the_same(bucket: str, tmp_path: Path) -> None:
    local = Results(tmp_path / "local", tmp_path / "local")
    stored = Results(f"{bucket}/out", tmp_path / "state")
    for results in (local, stored):
        results.claim("tool.json", dict(size=(3, 4)))
        results.claim("tool.json", dict(size=[3, 4]))
        results.write("lists/a.txt", b"a\n")
    found = {name: read(address) for name, address in files_of(f"{bucket}/out")}
    assert found == tree(tmp_path / "local")
    assert set(found) == {"tool.json", "lists/a.txt"}
    record = json.loads((tmp_path / "state/tool.json").read_text())
    assert record == dict(size=[3, 4], dst=f"{bucket}/out")


def test_other_settings_and_other_places_are_refused(bucket: str, tmp_path: Path) -> None:
    stored = Results(f"{bucket}/out", tmp_path / "state")
    stored.claim("tool.json", dict(size=3))
    with pytest.raises(ValueError, match=r"memory://bucket/out was begun with \{'size': 3\}"):
        Results(f"{bucket}/out", tmp_path / "new").claim("tool.json", dict(size=4))
    with pytest.raises(ValueError, match=r"state was begun with .*'dst': 'memory://bucket/out'"):
        Results(f"{bucket}/other", tmp_path / "state").claim("tool.json", dict(size=3))
    assert not (tmp_path / "new").exists()
    assert [name for name, _ in files_of(bucket)] == ["out/tool.json"]


def test_a_store_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file://.*/file/out/tool.json cannot be"):
        Results(f"file://{tmp_path}/file/out", tmp_path / "state").claim("tool.json", {})
