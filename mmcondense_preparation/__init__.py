"""Preparing data sets, on a machine or on many: what the tools of ``tools/data`` share.

items ─► an executor (processes, Ray, a part of an array) ─► files, each whole or not there
                                                         └─► NAME.jsonl, a line an item

A tool is a :class:`Preparation`: what it makes of one item. That it goes on where it was cut, that
a part may be killed, repeated or run twice, and on how many machines it runs, is decided here.

A package beside ``mmcondense``, not in it, since importing anything below ``mmcondense`` loads
torch and MMAction2, which a process that re-encodes has no use for.
"""

from .arguments import Execution, add_execution_arguments, execution_of
from .item import Item, Made, Preparation
from .results import Results, add_state_argument, results_of
from .run import Outcome, prepare

__all__ = [
    "Execution",
    "Item",
    "Made",
    "Outcome",
    "Preparation",
    "Results",
    "add_execution_arguments",
    "add_state_argument",
    "execution_of",
    "prepare",
    "results_of",
]
