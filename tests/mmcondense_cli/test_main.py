"""The command as a whole: what it loads, and what it says to those who mistype."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mmcondense_cli.__main__ import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_nothing_heavy(arguments):
    """That is what makes it quick: torch, MMAction2, PyAV and numpy take seconds."""
    code = (
        "import sys; from mmcondense_cli.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {name.split('.')[0] for name in sys.modules}\n"
        "heavy &= {'torch', 'mmcondense', 'mmengine', 'numpy', 'av', 'rich', 'PIL'}\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("usage: mmcondense")


def test_commands_are_listed(capsys):
    assert main([]) == 2
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in COMMANDS)


def test_a_command_that_does_not_exist_is_named(capsys):
    assert main(["predcit"]) == 2
    assert "error: no command 'predcit'" in capsys.readouterr().err
