"""The forms of the site, for tests that go through all of them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from django import forms

import organizations
import petitions


def own_forms() -> Iterator[type[forms.BaseForm]]:
    """Yield each form class that the site or its admin defines."""
    for package in (organizations, petitions):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name and ".fonts" not in module.name:
                import_module(module.name)
    waiting = [forms.BaseForm]
    while waiting:
        form: Any = waiting.pop()
        waiting += form.__subclasses__()
        if form.__module__.split(".")[0] in ("organizations", "petitions"):
            yield form
