"""MMEngine and MMAction2 read what fsspec knows; the prefixes that are MMEngine's stay so."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmaction.datasets.transforms import RawFrameDecode
from mmengine import fileio
from mmengine.fileio.backends import HTTPBackend, prefix_to_backends

from mmcondense.datasets.fsspec_backend import FsspecBackend, free_prefixes
from mmcondense.datasets.storage import get_backend


def test_mmengine_reads_addresses(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a 1\nü 2\n", encoding="utf-8")
    address = fileio.join_path(f"file://{tmp_path}", "list.txt")
    assert address == f"file://{tmp_path}/list.txt"
    assert fileio.exists(address)
    assert fileio.exists(f"file://{tmp_path}")
    assert not fileio.exists(f"file://{tmp_path}/none")
    assert fileio.get(address) == (tmp_path / "list.txt").read_bytes()
    assert fileio.list_from_file(address) == ["a 1", "ü 2"]
    with pytest.raises(FileNotFoundError):
        fileio.get(f"file://{tmp_path}/none")


def test_prefixes_are_mmengine_s_where_it_can_read_them() -> None:
    assert isinstance(get_backend("http://a/b.mp4"), HTTPBackend)
    assert prefix_to_backends["gs"] is FsspecBackend
    mmengine_s = ("", "petrel", "s3", "http", "https")
    assert {"s3", "gs", "memory"} <= set(free_prefixes(mmengine_s, has_petrel=False))
    assert "s3" not in free_prefixes(mmengine_s, has_petrel=True)
    assert not {"http", "https", ""} & set(free_prefixes(mmengine_s, has_petrel=False))


def test_options_go_to_the_file_system(tmp_path: Path) -> None:
    backend = get_backend("a", backend_args=dict(backend="fsspec", auto_mkdir=True))
    assert isinstance(backend, FsspecBackend)
    assert backend._options == dict(auto_mkdir=True)
    (tmp_path / "a").write_bytes(b"a")
    assert backend.get(tmp_path / "a") == b"a"


@pytest.mark.skipif(importlib.util.find_spec("gcsfs") is not None, reason="gcsfs is installed")
def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(ValueError, match=r"gs://bucket/a: .*gcsfs.*pip install"):
        get_backend("gs://bucket/a").get("gs://bucket/a")


def test_mmaction2_decodes_frames_at_addresses(tmp_path: Path) -> None:
    """What a frame is does not depend on where it lies."""
    for number in (1, 3):
        image = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"img_{number:05}.jpg"), image)
    found = []
    for root, io_backend in ((f"file://{tmp_path}", "fsspec"), (str(tmp_path), "disk")):
        results = dict(
            frame_dir=root,
            filename_tmpl="img_{:05}.jpg",
            frame_inds=np.array([1, 3]),
            modality="RGB",
        )
        found.append(RawFrameDecode(io_backend=io_backend).transform(results)["imgs"])
    np.testing.assert_array_equal(*found)
    assert np.std(found[0]) > 0
