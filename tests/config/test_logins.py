"""Guessing passwords keeps one processor busy, and not the site."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client

from organizations.models import User
from tests.petitions.test_pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_password_is_checked_at_a_time(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking, go_on = threading.Event(), threading.Event()
    form = {"username": alice.email, "password": "correct horse"}
    verify = MD5PasswordHasher.verify

    def slow(hasher: MD5PasswordHasher, password: str, encoded: str) -> bool:
        checking.set()
        go_on.wait(10)
        return verify(hasher, password, encoded)

    monkeypatch.setattr(MD5PasswordHasher, "verify", slow)
    answers: list[Any] = []

    def log_in() -> None:
        from django.db import connection

        answers.append(Client().post("/admin/login/?next=/admin/", form))
        connection.close()

    first = threading.Thread(target=log_in)
    first.start()
    assert checking.wait(10)

    refused = Client().post("/admin/login/?next=/admin/", form)

    assert "Others are logging in right now." in text_of(refused)
    go_on.set()
    first.join(10)
    assert answers[0].status_code == 302
    assert Client().post("/admin/login/?next=/admin/", form).status_code == 302
