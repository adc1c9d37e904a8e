"""The Merkle tree of a petition's count log (RFC 6962, section 2.1), read from the
database in tiles of 256 hashes (https://c2sp.org/tlog-tiles)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max

from petitions.counts.check_count import RunningTree, hash_leaf, hash_node
from petitions.models import CountLeaf, CountSubtree

WIDTH = 256
"""The hashes of a whole tile, and the lines of a whole bundle."""


class LogBroken(Exception):
    """Lines or hashes are missing, so that there is no tree to sign."""


def log_lines(petition: int, number: int, width: int = WIDTH) -> list[str]:
    """Return the first `width` lines of bundle `number`; fewer if there are fewer."""
    start = number * WIDTH
    rows = CountLeaf.objects.filter(
        petition=petition, number__gte=start, number__lt=start + width
    )
    leaves = list(rows.order_by("number"))
    if any(leaf.number != start + at for at, leaf in enumerate(leaves)):
        raise LogBroken(f"lines after {start} of petition {petition}")
    return [leaf.line for leaf in leaves]


def tile(petition: int, level: int, number: int, width: int = WIDTH) -> list[bytes]:
    """Return the first `width` hashes of a tile; fewer if there are fewer. At level 0
    they are those of lines, above it each is the root of a whole tile below."""
    if level == 0:
        return [hash_leaf(line.encode()) for line in log_lines(petition, number, width)]
    start = number * WIDTH
    rows = CountSubtree.objects.filter(
        petition=petition, level=level, number__gte=start, number__lt=start + width
    )
    roots = rows.order_by("number").values_list("root", flat=True)
    return [bytes(root) for root in roots]


def whole_tile(petition: int, level: int, number: int) -> list[bytes]:
    """Return all hashes of a tile; raise LogBroken if one is missing."""
    hashes = tile(petition, level, number)
    if len(hashes) != WIDTH:
        raise LogBroken(f"tile {level}/{number} of petition {petition}")
    return hashes


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a tree whose leaves have these hashes."""
    tree = RunningTree()
    for each in hashes:
        tree.append(each)
    return tree.root


def store_tiles(petition: int, size: int, *, most: int) -> bool:
    """Store the roots of the whole tiles that a tree of `size` lines has and that are
    not stored yet, `most` of them at most; return whether all are stored."""
    level = 1
    while (whole := size // WIDTH**level) > 0:
        known = CountSubtree.objects.filter(petition=petition, level=level)
        last = known.aggregate(last=Max("number"))["last"]
        first = 0 if last is None else last + 1
        missing = range(first, min(whole, first + most))
        CountSubtree.objects.bulk_create(
            (
                CountSubtree(
                    petition_id=petition,
                    level=level,
                    number=number,
                    root=root_of(whole_tile(petition, level - 1, number)),
                )
                for number in missing
            ),
            # Another worker hashes the same lines.
            ignore_conflicts=True,
        )
        if first + most < whole:
            return False
        level += 1
    return True


class Tree:
    """The tree of the first `size` lines of a petition; its whole tiles must be stored
    (`store_tiles`)."""

    def __init__(self, petition: int, size: int) -> None:
        self.petition, self.size = petition, size
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    @property
    def root(self) -> bytes:
        return self._hash(0, self.size)

    def proof(self, index: int) -> list[bytes]:
        """Return the inclusion proof of line `index`, from its sibling to the child of
        the root."""
        hashes: list[bytes] = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                hashes.append(self._hash(middle, end))
                end = middle
            else:
                hashes.append(self._hash(start, middle))
                start = middle
        return hashes[::-1]

    def _hash(self, start: int, end: int) -> bytes:
        """Return the hash of the lines from `start` to before `end`, a part that the
        tree has."""
        size, level = end - start, 0
        while size >= WIDTH ** (level + 1):
            level += 1
        if size == WIDTH**level:
            return self._stored(level, start // size)
        middle = start + _split(size)
        return hash_node(self._hash(start, middle), self._hash(middle, end))

    def _stored(self, level: int, number: int) -> bytes:
        place = (level, number // WIDTH)
        if place not in self._tiles:
            self._tiles[place] = tile(self.petition, *place)
        try:
            return self._tiles[place][number % WIDTH]
        except IndexError:
            raise LogBroken(f"tile {place} of petition {self.petition}") from None


def _split(size: int) -> int:
    """Return the largest power of two below `size`, by which a tree is parted."""
    return 1 << (size - 1).bit_length() - 1
