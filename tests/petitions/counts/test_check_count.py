"""The program by which outsiders check a count, against second implementations."""

from __future__ import annotations

import hashlib
import random
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymerkle import InmemoryTree

from petitions.counts import check_count
from petitions.counts.check_count import (
    CannotCheck,
    CheckFailed,
    Key,
    RunningTree,
    hash_leaf,
    is_signed,
    read_checkpoint,
    root_by_proof,
)

# What another log, that of the Go project, published; its key is in Go's source.
GO_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_TREE = (
    "go.sum database tree\n49189689\nftjbAOzaupaIvaPo/G+Dk63nxOZ2s1OPOKIaPtXs7S4=\n\n"
    "— sum.golang.org Az3grlKZssqRoMNPpZfKt0TphbbcF+pzXqElURJKRNFKfaUAgqeI5k2AORH0QAhg"
    "/ebRwyIqD/OqP4oLtLnNumvOBAM=\n"
)


def trees(size: int) -> tuple[RunningTree, InmemoryTree]:
    """Return the same tree twice: ours, and that of another implementation."""
    ours, other = RunningTree(), InmemoryTree(algorithm="sha256")
    for number in range(size):
        line = f"line {number}".encode()
        ours.append(hash_leaf(line))
        other.append_entry(line)
    return ours, other


def test_the_tree_is_that_of_another_implementation() -> None:
    ours, other = RunningTree(), InmemoryTree(algorithm="sha256")
    for size in range(1, 300):
        line = f"line {size}".encode()
        ours.append(hash_leaf(line))
        other.append_entry(line)
        assert ours.root == other.get_root(), size
    assert RunningTree().root == hashlib.sha256().digest()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 64, 65, 100])
def test_proofs_of_another_implementation_are_understood(size: int) -> None:
    ours, other = trees(size)
    for index in range(size):
        path = other.prove_inclusion(index + 1, size).path[1:]
        leaf = hash_leaf(f"line {index}".encode())

        assert root_by_proof(leaf, index, size, path) == ours.root
        for wrong in (index - 1, index + 1):
            assert leads_elsewhere(leaf, wrong, size, path, ours.root)
        assert leads_elsewhere(hash_leaf(b"another"), index, size, path, ours.root)
        assert leads_elsewhere(leaf, index, size, [*path, leaf], ours.root)
        if path:
            assert leads_elsewhere(leaf, index, size, path[:-1], ours.root)


def leads_elsewhere(
    leaf: bytes, index: int, size: int, path: list[bytes], root: bytes
) -> bool:
    try:
        return root_by_proof(leaf, index, size, path) != root
    except CheckFailed:
        return True


def test_signatures_are_those_of_another_implementation() -> None:
    chance = random.Random(17)
    for length in (0, 1, 32, 200):
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public, message = key.public_key().public_bytes_raw(), chance.randbytes(length)
        signature = key.sign(message)

        assert is_signed(public, message, signature)
        assert not is_signed(public, message + b"x", signature)
        for place in (0, 31, 32, 63):
            changed = bytearray(signature)
            changed[place] ^= 1
            assert not is_signed(public, message, bytes(changed))
        # The same number again, plus the order of the group: another spelling.
        scalar = int.from_bytes(signature[32:], "little") + check_count.ORDER
        again = signature[:32] + scalar.to_bytes(32, "little")
        assert not is_signed(public, message, again)
    assert not is_signed(b"", b"", b"")
    assert not is_signed(b"\xff" * 32, b"", bytes(64))


def test_a_checkpoint_of_another_log_is_read() -> None:
    tree = read_checkpoint(GO_TREE, Key.parse(GO_KEY))

    assert (tree.origin, tree.size) == ("go.sum database tree", 49189689)
    assert b64encode(tree.root) == b"ftjbAOzaupaIvaPo/G+Dk63nxOZ2s1OPOKIaPtXs7S4="


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("49189689", "49189688"),
        ("49189689", "049189689"),
        ("go.sum", "go,sum"),
        ("ftjb", "ftjc"),
        ("Az3grl", "Az3grk"),
        ("Kfa", "Kfb"),
        ("— sum", "- sum"),
        ("sum.golang.org Az", "another.example Az"),
        ("\n\n", "\n"),
        ("\n\n", "\nan extension\n\n"),
        ("49189689", "many"),
        ("49189689", "49_189_689"),
        ("49189689", "٤٩١٨٩٦٨٩"),
        ("49189689", "-1"),
        ("49189689", "0"),
        ("49189689", "9" * 5000),
    ],
)
def test_a_changed_checkpoint_is_refused(before: str, after: str) -> None:
    assert before in GO_TREE
    changed = GO_TREE.replace(before, after, 1)

    with pytest.raises(CheckFailed):
        read_checkpoint(changed, Key.parse(GO_KEY))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "sum.golang.org",
        GO_KEY[:-4],
        GO_KEY.replace("033de0ae", "033de0af"),
        GO_KEY.replace("sum.", "som."),
        GO_KEY.replace("+Ac4", "+Bc4"),
        GO_KEY.replace("+Ac4", "+A!4"),
    ],
)
def test_a_key_that_was_not_copied_whole_is_refused(key: str) -> None:
    with pytest.raises(CannotCheck):
        Key.parse(key)


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (0, 256, "000"),
        (7, 5, "007.p/5"),
        (999, 256, "999"),
        (1000, 256, "x001/000"),
        (1234067, 1, "x001/x234/067.p/1"),
    ],
)
def test_tiles_lie_where_the_standard_has_them(
    number: int, width: int, path: str
) -> None:
    assert check_count.tile_path(number, width) == path
