"""The site's settings for tests: a production site, but for what tests must see."""

import os

os.environ.update(
    {
        "SECRET_KEY": "a secret for tests only, long enough to pass every check here",
        "EMAIL_KEY": "another secret for tests only, long enough to pass every check",
        "CHECKPOINT_KEY": "a third secret for tests only, long enough to pass every check",
        "SITE_URL": "http://testserver.localhost",
        "MAIL_URL": "smtp://127.0.0.1:1",
        "MAIL_FROM": "petitions@example.org",
        "ALERT_EMAIL": "admin@example.org",
        "DEMO": "0",
        "DEBUG": "0",
        "MAIL_WEBHOOKS": "postmark",
        "ANYMAIL_WEBHOOK_SECRET": "postmark:a secret for tests only, long enough",
    }
)
os.environ.setdefault("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/tests")

from config.settings import *  # noqa: F403

ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]  # noqa: F405
DATABASES["default"]["OPTIONS"].pop("pool")  # noqa: F405
SECOND_FACTOR = "nobody"  # what it says otherwise is tested in test_second_factor.py
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {  # noqa: F405
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}

# WhiteNoise warns of a missing folder, and a warning fails the tests.
STATIC_ROOT = BASE_DIR / "var" / "tests-static"  # noqa: F405
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
