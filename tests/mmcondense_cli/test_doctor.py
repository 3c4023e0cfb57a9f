"""What the doctor says of what is there, old, new, missing or twice."""

from __future__ import annotations

import pytest

from mmcondense_cli import doctor
from mmcondense_cli.doctor import Package, codec_lines, judge, leading_numbers


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.15.0+cpu", (2, 15, 0)), ("0.11.0rc3", (0, 11)), ("82", (82,)), ("1.2.dev1", (1, 2))],
)
def test_leading_numbers(version, numbers):
    assert leading_numbers(version) == numbers


@pytest.fixture
def versions(monkeypatch) -> dict[str, str]:
    found: dict[str, str] = {}
    monkeypatch.setattr(doctor, "version_of", found.get)
    return found


PACKAGE = Package(
    "mmcv-lite", "models", "pip install it", at_least=(2,), below=(2, 2), alternative="mmcv"
)


@pytest.mark.parametrize(
    ("there", "state", "mend"),
    [
        ({}, "missing: models", "pip install it"),
        ({"mmcv-lite": "2.1.0"}, "2.1.0", ""),
        ({"mmcv": "2.0.1"}, "2.0.1 of mmcv", ""),
        (
            {"mmcv-lite": "1.7.2"},
            "1.7.2, and from 2 and below 2.2 is needed: models",
            "pip install it",
        ),
        (
            {"mmcv-lite": "2.2.0"},
            "2.2.0, and from 2 and below 2.2 is needed: models",
            "pip install it",
        ),
    ],
)
def test_packages_are_judged(versions, there, state, mend):
    versions.update(there)
    assert judge(PACKAGE) == (state, mend)


def test_packages_that_overwrite_each_other_are_named(versions):
    assert list(doctor.double_packages()) == []
    versions.update({"mmcv": "2.1.0", "mmcv-lite": "2.1.0"})
    assert "mmcv and mmcv-lite overwrite each other" in next(iter(doctor.double_packages()))


def test_it_says_where_vectors_come_from():
    lines = dict(codec_lines())
    assert lines["mpeg4"] == lines["vp9"] == "vectors from the bitstream, nothing is decoded"
    assert lines["wmv2"] == "vectors by FFmpeg, while it decodes"
    assert "av1" not in lines


def test_av1_counts_where_a_library_decodes_it(monkeypatch, capsys):
    doctor.main([])
    assert "pictures, no vectors (others likewise): vp8, av1\n" in capsys.readouterr().out
    monkeypatch.setattr("av.codec.codecs_available", {"mpeg4", "vp8", "av1"})
    doctor.main([])
    assert "pictures, no vectors (others likewise): vp8\n" in capsys.readouterr().out


def test_without_compiled_parsers_it_says_what_is_lost(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "is_built", lambda name: False)
    lines = dict(codec_lines())
    assert lines["hevc"] == "no vectors: the compiled parsers are missing"
    assert lines["h264"] == "vectors by FFmpeg, while it decodes"
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert doctor.main([]) == 0
    said = capsys.readouterr().out
    assert "_parsers               missing: vectors and picture types from the bitstream" in said
    assert "install a C compiler, then reinstall with a C compiler present: pip install" in said


def test_without_the_readers_needs_it_fails_and_says_so(versions, capsys):
    assert doctor.main([]) == 1
    said = capsys.readouterr().out
    assert "av                     missing: reading video" in said
    assert "  pip install 'av>=17.1'" in said
    assert "Codecs" not in said
