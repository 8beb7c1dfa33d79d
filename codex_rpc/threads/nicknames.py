"""Nicknames: what the user sees in the place of an agent's id."""

from itertools import count

NAMES = (
    "Wren", "Heron", "Plover", "Swift", "Kestrel", "Linnet", "Dunlin", "Osprey",
    "Siskin", "Avocet", "Merlin", "Curlew", "Martin", "Teal", "Harrier", "Pipit",
    "Godwit", "Lapwing", "Nuthatch", "Petrel", "Redstart", "Shrike", "Turnstone", "Whinchat",
    "Bittern", "Crane", "Dipper", "Egret", "Fulmar", "Gannet", "Hoopoe", "Jackdaw",
)  # fmt: skip


class Nicknames:
    """Those of one tree: none twice, as long as the tree lasts."""

    def __init__(self) -> None:
        self._names = (
            name if turn == 1 else f"{name} {turn}" for turn in count(1) for name in NAMES
        )
        self._used: set[str] = set()

    def take(self) -> str:
        """A name that nobody has had."""
        name = next(name for name in self._names if name not in self._used)
        self._used.add(name)
        return name

    def used(self, name: str | None) -> None:
        """Somebody has this name from before."""
        if name is not None:
            self._used.add(name)
