"""Configures Django, for programs that use helpers of the tests without pytest: import it
before them."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()
