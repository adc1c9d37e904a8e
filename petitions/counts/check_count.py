#!/usr/bin/env python3
"""Check the count of a petition from outside, with Python 3.9 or newer and no more.

    python3 check_count.py receipt FILE --key KEY
        Is the line of my receipt in the log that the site has signed?

    python3 check_count.py petition https://…/petitions/SLUG/ --key KEY
        Read all lines. Do they make the tree that the site has signed? Do they add up
        to the number on the page?

        --earlier FILE …: is each of these checkpoints, kept from other days, the
        beginning of the same tree? A checkpoint is what the address gives with
        log/checkpoint added.

KEY stands on the site's page “Check the count”; keep a copy of it. The program ends
with 0 when everything holds, with 1 when something does not, and with 2 when it could
not check. What it reads is described at https://c2sp.org/tlog-tiles, /tlog-checkpoint,
/signed-note and /tlog-proof, and in RFC 6962, section 2.1.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
LINE = re.compile(
    r"(?P<petition>[1-9][0-9]{0,17}) (?P<number>0|[1-9][0-9]{0,17}) "
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}) (?P<source>confirmed|paper|imported) "
    r"(?P<delta>[+-][1-9][0-9]{0,17}) (?P<nonce>[0-9a-f]{64})"
)
PROOF = "c2sp.org/tlog-proof@v1"


NO_RECEIPT, NOT_SIGNED, NOT_IN_TREE = "no receipt", "not signed", "not in the tree"


class CannotCheck(Exception):
    """A file or value that checking needs is not there, or not as it should be."""


class CheckFailed(Exception):
    """A check has failed; the message says what, `kind` in a word."""

    def __init__(self, message: str, kind: str = NOT_IN_TREE) -> None:
        super().__init__(message)
        self.kind = kind


def read_number(text: str) -> int:
    """Return a number as the standards write it; raise ValueError for any other way."""
    if not NUMBER.fullmatch(text):
        raise ValueError(text[:40])
    return int(text)


def decode_hash(text: str) -> bytes:
    """Return the 32 bytes of a hash in Base64; raise ValueError if it is none."""
    data = base64.b64decode(text, validate=True)
    if len(data) != 32:
        raise ValueError(text[:60])
    return data


# == RFC 6962, section 2.1: the Merkle tree ==


def hash_leaf(line: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + line).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class RunningTree:
    """A tree to which leaves are appended one after the other. It keeps only the roots
    of its complete parts, so that millions of lines take no memory."""

    def __init__(self) -> None:
        self.size = 0
        self.parts: list[bytes] = []
        """The roots of the complete parts, from the largest to the smallest."""

    def append(self, leaf: bytes) -> None:
        self.parts.append(leaf)
        self.size += 1
        # Each zero at the end of the size, in binary, is a pair that became one part.
        pairs = self.size
        while pairs % 2 == 0:
            right = self.parts.pop()
            self.parts.append(hash_node(self.parts.pop(), right))
            pairs //= 2

    @property
    def root(self) -> bytes:
        if not self.parts:
            return hashlib.sha256(b"").digest()
        *others, root = self.parts
        for part in reversed(others):
            root = hash_node(part, root)
        return root


def root_by_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that a tree of `size` leaves has if `leaf` is number `index` of
    them and `proof` is right (RFC 9162, section 2.1.3.2); raise CheckFailed if the
    proof has not the length that it must have."""
    if not 0 <= index < size:
        raise CheckFailed("The line's number is beyond the size of the tree.")
    root, at, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            raise CheckFailed("The proof is longer than the tree is high.")
        if at % 2 or at == last:
            root = hash_node(sibling, root)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            root = hash_node(root, sibling)
        at, last = at // 2, last // 2
    if last:
        raise CheckFailed("The proof is shorter than the tree is high.")
    return root


# == RFC 8032: verify an Ed25519 signature ==
# Slow, but short enough to be read. Points are (x, y, z, x*y/z) with x/z, y/z on the
# curve -x² + y² = 1 + d·x²·y².

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]


def add_points(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(factor: int, point: Point) -> Point:
    product: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            product = add_points(product, point)
        point = add_points(point, point)
        factor >>= 1
    return product


def is_same(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (
        one[1] * other[2] - other[1] * one[2]
    ) % P == 0


def decode_point(data: bytes) -> Point:
    """Return the point of 32 bytes; raise CheckFailed if they are none."""
    y = int.from_bytes(data, "little")
    odd, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if y >= P or (x * x - square) % P or (x == 0 and odd):
        raise CheckFailed("The signature or the key is no point of the curve.")
    if x & 1 != odd:
        x = P - x
    return x, y, 1, x * y % P


BASE = decode_point(bytes([0x58] + [0x66] * 31))


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether the 64 bytes are a signature of `message` by the key `public`."""
    if len(public) != 32 or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    factor = int.from_bytes(digest, "little") % ORDER
    try:
        key, nonce = decode_point(public), decode_point(signature[:32])
    except CheckFailed:
        return False
    return is_same(multiply(scalar, BASE), add_points(nonce, multiply(factor, key)))


# == Signed notes and checkpoints ==


@dataclass(frozen=True)
class Key:
    """A public key, as `NAME+ID+KEY` is published."""

    name: str
    id: bytes
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Key:
        try:
            name, number, encoded = text.strip().split("+", 2)
            data = base64.b64decode(encoded, validate=True)
            key = cls(name, bytes.fromhex(number), data[1:])
        except ValueError:
            raise CannotCheck("The key is not NAME+ID+KEY.") from None
        if data[:1] != b"\x01" or len(key.public) != 32 or key.id != key.right_id:
            raise CannotCheck("The key is not one of Ed25519, or was not copied whole.")
        return key

    @property
    def right_id(self) -> bytes:
        named = self.name.encode() + b"\n\x01" + self.public
        return hashlib.sha256(named).digest()[:4]


@dataclass(frozen=True)
class SignedTree:
    """The tree that a checkpoint describes."""

    origin: str
    size: int
    root: bytes


def read_checkpoint(note: str, key: Key) -> SignedTree:
    """Return what the checkpoint says; raise CheckFailed unless `key` has signed it."""
    text, blank, signatures = note.replace("\r\n", "\n").rpartition("\n\n")
    lines = text.split("\n")
    try:
        origin, size, root = lines[0], read_number(lines[1]), decode_hash(lines[2])
    except (IndexError, ValueError):
        raise CheckFailed("That is no checkpoint.", NO_RECEIPT) from None
    if not blank or not origin or not size:
        raise CheckFailed("That is no checkpoint.", NO_RECEIPT)
    for line in signatures.splitlines():
        words = line.split(" ")
        if len(words) != 3 or words[0] != "\u2014" or words[1] != key.name:
            continue
        try:
            data = base64.b64decode(words[2], validate=True)
        except ValueError:
            continue
        if data[:4] == key.id:
            if is_signed(key.public, f"{text}\n".encode(), data[4:]):
                return SignedTree(origin, size, root)
            raise CheckFailed("The checkpoint's signature is wrong.", NOT_SIGNED)
    raise CheckFailed("The checkpoint is not signed by that key.", NOT_SIGNED)


# == The two checks ==


@dataclass(frozen=True)
class CheckedReceipt:
    """The content of a receipt that was checked."""

    tree: SignedTree
    line: str


def check_receipt(text: str, key: Key) -> CheckedReceipt:
    """Return what the receipt (https://c2sp.org/tlog-proof) shows; raise CheckFailed if
    it shows nothing."""
    head, blank, note = text.replace("\r\n", "\n").strip().partition("\n\n")
    lines = head.split("\n")
    try:
        if not blank or lines[0] != PROOF:
            raise ValueError
        if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
            raise ValueError
        extra = base64.b64decode(lines[1][len("extra ") :], validate=True)
        line, nonce = extra.decode("ascii").split("\n")
        index = read_number(lines[2][len("index ") :])
        proof = [decode_hash(each) for each in lines[3:]]
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError
        secret = bytes.fromhex(nonce)
        named = read_number(match["number"])
    except (IndexError, ValueError):
        raise CheckFailed("That is no receipt, or not whole.", NO_RECEIPT) from None
    tree = read_checkpoint(f"{note}\n", key)
    if named != index or tree.origin != log_origin(match["petition"], key):
        raise CheckFailed("The receipt's line is not the one that its proof is about.")
    if hashlib.sha256(secret).hexdigest() != match["nonce"]:
        raise CheckFailed("The receipt's secret does not belong to its line.")
    if root_by_proof(hash_leaf(line.encode()), index, tree.size, proof) != tree.root:
        raise CheckFailed("The line is not in the tree that was signed.")
    return CheckedReceipt(tree, line)


def log_origin(petition: str, key: Key) -> str:
    """Return the name of the log of the petition with this number, in checkpoints."""
    return f"{key.name}/{petition}"


@dataclass(frozen=True)
class Checked:
    """The result of reading all lines of a petition."""

    tree: SignedTree
    size: int
    sums: dict[str, int]
    earlier: list[SignedTree]


def check_petition(
    read: Callable[[str], bytes], key: Key, earlier: Sequence[str] = ()
) -> Checked:
    """Read all lines of a log and return what they show; raise CheckFailed if they are
    not what was signed. `read` returns what the site has at a path below the petition's
    page: "log/checkpoint", "log.json", "log/tile/entries/000". Each of `earlier` is a
    checkpoint kept from another day, or a receipt, which holds one."""
    signed = [kept_tree(text, key) for text in earlier]
    now = read_checkpoint(read("log/checkpoint").decode(), key)
    for tree in signed:
        if tree.origin != now.origin:
            raise CheckFailed(f"A checkpoint is of another log: {tree.origin}")
    size = json.loads(read("log.json"))["size"]
    if type(size) is not int:
        raise CannotCheck("The site does not say how many lines there are.")
    if any(tree.size > size for tree in (now, *signed)):
        raise CheckFailed("The log is shorter than a tree that was signed.")
    waiting = sorted((now, *signed), key=lambda tree: tree.size)
    running = RunningTree()
    sums = {"confirmed": 0, "paper": 0, "imported": 0}
    while running.size < size:
        width = min(256, size - running.size)
        path = tile_path(running.size // 256, width)
        bundle = entries(read(f"log/tile/entries/{path}"))
        if len(bundle) != width:
            raise CheckFailed("A bundle has not the lines that it should have.")
        for line in bundle:
            match = LINE.fullmatch(line.decode("ascii", "replace"))
            if match is None or read_number(match["number"]) != running.size:
                raise CheckFailed(f"Line {running.size} is not where it should be.")
            if now.origin != log_origin(match["petition"], key):
                raise CheckFailed(f"Line {running.size} is another petition's.")
            sums[match["source"]] += int(match["delta"])
            running.append(hash_leaf(line))
            while waiting and waiting[0].size == running.size:
                tree = waiting.pop(0)
                if tree.root != running.root:
                    raise CheckFailed(
                        f"The first {tree.size} lines are not those that were signed."
                    )
    if waiting:
        raise CheckFailed("Lines are missing.")
    return Checked(now, size, sums, signed)


def kept_tree(text: str, key: Key) -> SignedTree:
    """Return the tree that somebody keeps a checkpoint of, or a receipt."""
    if text.lstrip().startswith(PROOF):
        return check_receipt(text, key).tree
    return read_checkpoint(text, key)


def tile_path(number: int, width: int = 256) -> str:
    """Return where a tile or a bundle of lines lies: 1234067 is x001/x234/067."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    partial = "" if width == 256 else f".p/{width}"
    return f"{'/'.join(parts)}{partial}"


def entries(bundle: bytes) -> list[bytes]:
    """Return the lines of a bundle, each of which two bytes with its length precede."""
    lines, at = [], 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        lines.append(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(bundle):
        raise CheckFailed("A bundle of lines is cut off.")
    return lines


# == On the command line ==


def fetch(url: str) -> bytes:
    # A site should not know that it is being checked.
    headers = {"User-Agent": "Mozilla/5.0", "Accept-Encoding": "gzip"}
    asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - a site's page
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
        data: bytes = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return gzip.decompress(data) if packed else data


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["receipt", "petition"])
    parser.add_argument("where", help="the receipt's file, or the petition's address")
    parser.add_argument("--key", required=True, help="NAME+ID+KEY, from the site")
    parser.add_argument("--earlier", nargs="*", default=[], help="files of checkpoints")
    asked = parser.parse_args()
    try:
        key = Key.parse(asked.key)
        if asked.what == "receipt":
            shown = check_receipt(Path(asked.where).read_text("utf-8"), key)
            print(f"{shown.tree.origin}: {shown.line}")
            print(f"It is in the tree of {shown.tree.size} lines that was signed.")
            return 0
        check_site(petition_page(asked.where), key, asked.earlier)
    except CheckFailed as failed:
        print(f"IT DOES NOT HOLD. {failed}", file=sys.stderr)
        return 1
    except Exception as failed:  # whatever a site may answer
        print(f"It could not be checked: {failed}", file=sys.stderr)
        return 2
    return 0


def petition_page(address: str) -> str:
    """Return the petition's page of an address, which may be of that page in one
    language."""
    form = r"(https?://[^/]+)(?:/[a-z]{2})?(/petitions/[^/?#]+)"
    match = re.match(form, address, re.IGNORECASE)
    if not match:
        raise CannotCheck("that is not the address of a petition's page")
    return match[1] + urllib.parse.quote(match[2], safe="/%")


def check_site(page: str, key: Key, files: Sequence[str]) -> None:
    notes = [Path(name).read_text("utf-8") for name in files]
    # The page may show changes of the last seconds that have no line yet.
    for _attempt in range(6):
        checked = check_petition(lambda path: fetch(f"{page}/{path}"), key, notes)
        lines = sum(checked.sums.values())
        shown = json.loads(fetch(f"{page}/count.json"))["supporters"]
        if shown == lines:
            break
        time.sleep(10)
    else:
        raise CheckFailed(f"The page shows {shown}, and the lines add up to {lines}.")
    print(f"{checked.size} lines of {checked.tree.origin} add up to {lines}:")
    for source, amount in checked.sums.items():
        print(f"  {source}: {amount}")
    print(f"The first {checked.tree.size} of them are those that the site has signed.")
    if newer := checked.size - checked.tree.size:
        print(f"{newer} are not signed yet. At most those of a day should be.")
    for tree in checked.earlier:
        print(f"They continue the {tree.size} lines that were signed earlier.")
    print(f"The site gives the number {shown}: compare it with what you see there.")


if __name__ == "__main__":
    sys.exit(main())
