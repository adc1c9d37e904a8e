"""Find the organisation and its petitions in a file of whatever structure, and say what
to write where it is not ours."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from core.text.faults import Faults, FileProblem, Node, cited
from core.text.json_values import Fields, kind_of, nearest

WHOLE = 'the file is {"organization": {"name": …, "petitions": [ … ]}}'
LIST = '[{"title": …, "text": …, "target": …}, …]'
# What a petition's title and text are called, here and in other systems.
TITLES = {"title", "headline", "subject"}
SURE_TEXTS = {"text", "body", "letter"}
TEXTS = SURE_TEXTS | {"description", "content"}
# Keys of other systems around one object, which name no petition.
WRAPPERS = {
    "petition", "campaign", "data", "result", "item", "record", "entry", "response",
    "attributes", "node", "fields", "properties", "_source", "object", "payload",
}  # fmt: skip
# A petition's own objects, which hold titles and texts, too.
PARTS = {"translations", "updates"}
# How far below the top petitions are looked for.
DEEPEST = 8


@dataclass(frozen=True)
class Group:
    """Petitions that stand together in a file."""

    node: Node
    """What holds them: a list, or an object."""
    petitions: list[Node]
    described: str
    """What they stand in, as in “a list of 3 petitions”."""
    advice: str = ""
    """What to write if that is no list."""

    @property
    def is_one(self) -> bool:
        return self.petitions == [self.node]


def find_petitions(node: Node, levels: int = DEEPEST) -> Group | None:
    """Return the petitions in a value, at the top or below; None if there are none."""
    value = node.value
    if not levels or not isinstance(value, list | dict):
        return None
    if isinstance(value, dict) and has_one(value, TITLES) and has_one(value, TEXTS):
        return one(node)
    within = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    petitions = {
        str(key): group
        for key, inner in within
        if key not in PARTS and (group := find_petitions(inner, levels - 1))
    }
    singles = [group.node for group in petitions.values() if group.is_one]
    lists = {key: group for key, group in petitions.items() if not group.is_one}
    if isinstance(value, list):
        if lists and not singles:
            return several(node, lists.values(), "a list of lists")
        return (
            Group(node, list(node), f"a list of {number_of_petitions(value)}")
            if petitions
            else None
        )
    if len(lists) == 1:
        return next(iter(lists.values()))
    if lists:
        return several(
            node, lists.values(), f"an object with petitions in {first_keys(lists)}"
        )
    if singles and len(petitions) == 1 and petitions.keys() <= WRAPPERS:
        return one(singles[0])
    if singles:
        key = next(iter(petitions))
        name = "slug" if re.fullmatch(r"[\w-]*[^\W\d][\w-]*", key) else "title"
        first = "…" if key.isdecimal() else f'"{name}": "{cited(key)}", …'
        return Group(
            node,
            singles,
            f"an object with {number_of_petitions(singles)} by key "
            f"({first_keys(petitions)})",
            f"write a list of them, [{{{first}}}, …]",
        )
    return one(node) if has_one(value, TITLES | SURE_TEXTS) else None


def one(node: Node) -> Group:
    return Group(node, [node], "one petition", "put brackets around it, [{…}]")


def several(node: Node, groups: Iterable[Group], described: str) -> Group:
    petitions = [petition for group in groups for petition in group.petitions]
    return Group(node, petitions, described, "write one list of them all, [{…}, …]")


def has_one(keys: Iterable[str], names: Collection[str]) -> bool:
    return any(key.casefold() in names for key in keys)


def number_of_petitions(petitions: Collection[Node]) -> str:
    return f"{len(petitions):,} petition{'' if len(petitions) == 1 else 's'}"


def first_keys(keys: Collection[str]) -> str:
    """Return the first keys of an object for a sentence."""
    first = [f"“{cited(key)}”" for key in list(keys)[:6]]
    return ", ".join(first) + (", …" if len(keys) > len(first) else "")


# == The organisation ==


def organization_in(root: Node, faults: Faults) -> Node | None:
    """Return the node of the organisation, with a fault for what is around it or
    lacking there. Without one return None, with a fault that names what is there."""
    if has_organization(root):
        return organization_of(root, faults)
    if isinstance(root.value, list) and any(map(has_organization, root)):
        raise FileProblem(
            root,
            'must be one {"organization": …}, not a list: bring each in by a file of '
            "its own.",
        )
    within = root.value if isinstance(root.value, dict) else {}
    for key, node in within.items():
        if has_organization(node):
            sentence = f"is the whole file: take off “{cited(key)}” around it."
            faults.append(FileProblem(node, sentence))
            return organization_in(node, faults)
    group = find_petitions(root)
    is_object = isinstance(root.value, dict)
    start = 'lacks "organization"' if is_object else "must be an object"
    if group is None:
        raise FileProblem(root, f"{start}{what_is_there(root)}")
    if "name" in within and group.node is not root:
        faults.append(
            FileProblem(
                root, f'{start}: write {{"organization": … }} around the whole.'
            )
        )
        return root
    place = f" in “{cited(group.node.path)}”" if group.node.path else ""
    faults.append(
        FileProblem(
            root,
            f"{start}: {WHOLE}. Here is {group.described}{place}: write an "
            "organisation around it.",
        )
    )
    return None


def organization_of(root: Node, faults: Faults) -> Node:
    """Return the node of the organisation with the petitions that stand beside it, for
    which there is a fault."""
    beside = [key for key, node in root.value.items() if holds_petitions(key, node)]
    fields = Fields(root, {"organization", *beside}, faults)
    node = fields.needed("organization")
    if isinstance(node.value, list):
        advice = "take off the brackets around it"
        if len(node.value) > 1:
            advice = "bring each in by a file of its own"
        raise FileProblem(node, f"must be one object, not a list: {advice}.")
    for key in beside:
        faults.append(FileProblem(root.value[key], 'belongs within "organization".'))
        if isinstance(node.value, dict):
            node = replace(node, value={"petitions": root.value[key], **node.value})
    return node


def holds_petitions(key: str, node: Node) -> bool:
    return not nearest(key, ["organization"]) and find_petitions(node) is not None


def has_organization(node: Node) -> bool:
    return isinstance(node.value, dict) and any(
        nearest(key, ["organization"]) for key in node.value
    )


def what_is_there(root: Node) -> str:
    """Return the end of a sentence about a file without petitions."""
    if isinstance(root.value, list):
        return f": {WHOLE}, and a list of petitions stands in it."
    if isinstance(root.value, dict):
        return f": {WHOLE}, and here is {first_keys(root.value) or 'nothing'}."
    return f", not {kind_of(root)}: {WHOLE}.{unquoting(root)}"


# == Its petitions ==


def petition_nodes(node: Node, faults: Faults) -> Iterator[Node]:
    """Yield the nodes of all petitions in a value, with a fault for every structure but
    a list of petitions; raise FileProblem if there are none."""
    group = find_petitions(node)
    if group is None:
        if not isinstance(node.value, list):
            raise FileProblem(
                node,
                f"must be a list of petitions, {LIST}, not {kind_of(node)}."
                f"{unquoting(node)}",
            )
        yield from node
        return
    if group.node is not node:
        faults.append(wrapped(node, group.node))
    if group.advice:
        sentence = f"is {group.described}: {group.advice}."
        faults.append(FileProblem(group.node, sentence))
    for entry in group.petitions:
        inner = find_petitions(entry)
        if inner and inner.is_one and inner.node is not entry:
            faults.append(wrapped(entry, inner.node))
            yield inner.node
        else:
            yield entry


def wrapped(node: Node, inner: Node) -> FileProblem:
    place = cited(inner.path.removeprefix(node.path).lstrip("."))
    return FileProblem(
        node, f"must be what stands in “{place}”: take off what is around that."
    )


def names_of_petitions(node: Node) -> dict[str, str]:
    """Return the keys of an organisation that stand for “petitions” by what is in
    them."""
    value = node.value
    if not isinstance(value, dict) or "petitions" in value:
        return {}
    return {key: "petitions" for key, inner in value.items() if find_petitions(inner)}


def unquoting(node: Node) -> str:
    """Return a sentence of advice on JSON within a text; "" for anything else."""
    said = node.value.strip() if isinstance(node.value, str) else ""
    if said.startswith(("[", "{")):
        return (
            " Take off the quotation marks around it, and the \\ before those within."
        )
    return ""
