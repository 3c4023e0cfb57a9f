"""Parts of a list: numbers by hand."""

from __future__ import annotations

import pytest

from mmcondense_preparation.parts import Part, parse_part, slurm_part, torchrun_part


def test_parts_are_read_as_written() -> None:
    assert parse_part("3/100") == Part(3, 100)
    assert str(Part(3, 100)) == "3/100"
    for text in ("3", "3/3", "-1/3", "1/0", "a/b", "1/2/3"):
        with pytest.raises(ValueError, match="is no part: I/N"):
            parse_part(text)


def test_a_part_of_a_part() -> None:
    items = list(range(100))
    for outer in (Part(0, 3), Part(2, 3)):
        for inner in (Part(0, 4), Part(3, 4)):
            both = inner.within(outer)
            expected = items[outer.index :: outer.count][inner.index :: inner.count]
            assert items[both.index :: both.count] == expected


def slurm(number: int, first: int, last: int, count: int) -> dict[str, str]:
    values = dict(ID=number, MIN=first, MAX=last, COUNT=count)
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()}


def test_jobs_of_a_slurm_array() -> None:
    assert slurm_part(slurm(4, 0, 9, 10)) == Part(4, 10)
    assert slurm_part(slurm(4, 1, 10, 10)) == Part(3, 10)  # --array 1-10
    assert slurm_part(slurm(20, 10, 40, 4)) == Part(1, 4)  # --array 10-40:10
    assert slurm_part(slurm(7, 7, 7, 1)) == Part(0, 1)
    with pytest.raises(ValueError, match=r"the 3 jobs of the array from 0 to 9 have gaps"):
        slurm_part(slurm(4, 0, 9, 3))
    with pytest.raises(ValueError, match=r"SLURM_ARRAY_TASK_ID is not set.*say --part I/N"):
        slurm_part({})


def test_processes_of_torchrun() -> None:
    assert torchrun_part(dict(RANK="3", WORLD_SIZE="8")) == Part(3, 8)
    assert torchrun_part({}) == Part(0, 1)
