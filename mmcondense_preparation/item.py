"""What is to be prepared, and what a tool has to say about how: the whole interface of a tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple


class Item(NamedTuple):
    """One thing to prepare, mostly a video. A list of half a million of these is held in memory."""

    key: str
    """Its name in the manifest, which no other item has."""
    source: str
    """Path or address that is read; named in messages."""
    target: str | None = None
    """What is made of it, a file or a folder, below the folder of results; with slashes. None: the
    line in the manifest is all that is made."""
    data: Any = None
    """Whatever else the tool needs of it; small, since it may travel."""


@dataclass
class Made:
    """What making an item brought, beside its target."""

    facts: dict[str, Any] = field(default_factory=dict)
    """Goes into the item's line of the manifest: JSON, the same each time that it is made. Of items
    without a target; those with one are described by that."""
    costs: dict[str, float] = field(default_factory=dict)
    """Seconds and the like, whose sums the summary shows."""


class Preparation:
    """What a tool makes of one item: a pure function, which can be pickled.

    Processes and machines may make the same item twice, even at once; what they make has to be the
    same, byte for byte.
    """

    rechecks: ClassVar[bool] = False
    """Ask :meth:`is_whole` of items that an earlier run has made, too."""
    fetches: ClassVar[bool] = False
    """Sources at addresses are fetched into a file first, which is then the item's source."""
    beside: ClassVar[tuple[str, ...]] = ()
    """Endings of files that :meth:`is_whole` makes up beside a target: sent to a store with it."""
    store: str | None = None
    """Address that targets are sent to. None: the folder of results."""
    cpus: float = 1
    gpus: float = 0
    """That a process of this takes of a cluster."""
    items_per_call: int = 1
    """How many items a process of a cluster gets at once; more where :meth:`load` reads ahead."""

    def begin(self) -> None:
        """Called once in each process that makes items: the place to build a network."""

    def load(self, items: Iterable[Item]) -> Iterator[tuple[Item, Any]]:
        """The items with what was read for them, maybe ahead and in processes beside this one.

        An exception in the place of what was read is why the item fails.
        """
        for item in items:
            yield item, None

    def make(self, item: Item, path: Path | None, loaded: Any) -> Made | None:
        """Make the item.

        Args:
            path: File or folder to write, in a folder that no other process writes to; it is
                renamed to the item's target afterwards. None for items without.
            loaded: Of :meth:`load`.

        Raises:
            CodecError, ValueError: The item cannot be prepared; trying again would not help.
            OSError: It may help.
        """
        raise NotImplementedError

    def is_whole(self, item: Item, target: Path) -> bool:
        """Whether what is there under the target's name is all of it; else it is made anew.

        Targets appear whole, by being renamed. Also called after that: a file that goes beside the
        target can be made up here.
        """
        return True
