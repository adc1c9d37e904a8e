"""Django's settings, all read from the environment (docs/configuration.md has the
table)."""

from __future__ import annotations

import os
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import django_stubs_ext
from django.utils.csp import CSP

from config import __version__
from config.environment import Environment
from config.values import repeats_itself
from core.hosts import is_loopback
from core.http import styles
from core.mail.addresses import readable_domain
from core.observability import logs

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
# `make run` leaves its settings in var/demo.env, so that manage.py finds the same site.
# A real installation sets SECRET_KEY, and then the file is not read.
if "SECRET_KEY" not in os.environ:
    env.read_env(BASE_DIR / "var" / "demo.env")

# == The site ==

VERSION = __version__

DEMO = env.flag("DEMO")
DEBUG = env.flag("DEBUG")
_site = env.site_url("SITE_URL")
SITE_URL = _site.geturl()
# The host as people read it: not in Punycode.
SITE_HOST = readable_domain(_site.netloc)
HTTPS = _site.scheme == "https"
SECRET_KEY = env.secret("SECRET_KEY", "signs links and sessions")
SECRET_KEY_FALLBACKS = env.parts("SECRET_KEY_FALLBACKS")
if any(len(former) < 50 or repeats_itself(former) for former in SECRET_KEY_FALLBACKS):
    env.problems.append(
        "SECRET_KEY_FALLBACKS holds one of less than 50 characters, or that repeats "
        "itself: it would be as good as the key itself to whoever guesses it. Leave it "
        "out."
    )
EMAIL_KEY = env.secret("EMAIL_KEY", "recognises a repeated e-mail address")
if EMAIL_KEY and EMAIL_KEY == SECRET_KEY:
    env.problems.append("EMAIL_KEY equals SECRET_KEY. Set a different secret.")
EMAIL_KEY_FALLBACKS = env.parts("EMAIL_KEY_FALLBACKS")
if any(len(former) < 50 for former in EMAIL_KEY_FALLBACKS):
    env.problems.append(
        "EMAIL_KEY_FALLBACKS holds one of less than 50 characters: no key of this site "
        "was ever that short. Set the former EMAIL_KEY as it was."
    )
CHECKPOINT_KEY = (
    env.secret("CHECKPOINT_KEY", "signs the count log each night")
    if env.text("CHECKPOINT_KEY")
    else ""
)
if _site.scheme == "http" and not is_loopback(_site.hostname or ""):
    env.problems.append(
        "SITE_URL begins with http:// although it is public. Set an https:// address."
    )
if DEBUG and not is_loopback(_site.hostname or ""):
    env.problems.append("DEBUG is on for a public SITE_URL. Set DEBUG=0.")

ALLOWED_HOSTS = [_site.hostname or ""]
if is_loopback(_site.hostname or ""):
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
METRICS_TOKEN = env.token("METRICS_TOKEN")

# == Applications ==

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# The site is at the root of its host, whatever a server takes for a prefix.
FORCE_SCRIPT_NAME = ""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "core.apps.CoreConfig",
    "core.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "organizations",
    "petitions",
]
MIDDLEWARE = [
    "core.http.middleware.access_log",
    "core.http.middleware.asked_by_address",
    "core.http.middleware.isolation",
    "django.middleware.security.SecurityMiddleware",
    "core.http.middleware.StaticFilesMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.http.middleware.body_limit",
    "core.http.middleware.language_from_path",
    "core.http.middleware.admin_by_its_name",
    "core.http.gate.GateMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "core.http.middleware.DatabaseAwayMiddleware",
    "core.http.cache_policy.CachePolicyMiddleware",
]
LOADERS = [
    "core.http.templates.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # In place of Django's csrf_token: this one also says whose form it is.
            "builtins": ["core.templatetags.owned"],
            "loaders": [("django.template.loaders.cached.Loader", LOADERS)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.site",
                "organizations.context.speaker",
            ],
        },
    }
]

# == The web server, config/gunicorn.py ==

BIND = env.listening("BIND")
PROCESSES = env.number("WEB_CONCURRENCY", default=2, least=1, most=64)
THREADS = env.number("WEB_THREADS", default=8, least=4, most=64)
GRACEFUL_TIMEOUT = env.number("GRACEFUL_TIMEOUT", default=10, least=0, most=300)
# Only these may say that a visitor came by HTTPS, and from where.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES") or ["127.0.0.1"]

# == Data ==

DATABASES = {"default": env.database("DATABASE_URL")}
if DATABASES["default"]:
    DATABASES["default"].update(CONN_MAX_AGE=0, CONN_HEALTH_CHECKS=False)
    _database = DATABASES["default"]["OPTIONS"]
    _database.update(
        connect_timeout=3,
        # A server that vanished without a word is noticed within 5 s.
        tcp_user_timeout=5000,
        # Locks of a client machine that vanished are released within a minute.
        options=f"{_database.get('options', '')} -c TimeZone=UTC"
        " -c statement_timeout=15s -c lock_timeout=5s -c tcp_keepalives_idle=30"
        " -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3".strip(),
        # Statements are prepared on the server: signing costs it a third less.
        server_side_binding=True,
        prepare_threshold=3,
        # A short timeout, no health check and no patience with a server that is away:
        # threads stay free for cached pages, and writes are retried once.
        pool={
            "min_size": 1,
            "max_size": THREADS,
            "timeout": 0.5,
            "reconnect_timeout": 0,
        },
    )
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
# Limits on request bodies: of visitors, and of staff, who upload pictures
# (core/images/uploads.py).
PUBLIC_BODY_LIMIT = 100 * 2**10
STAFF_BODY_LIMIT = 25 * 2**20
MEDIA_ROOT = env.folder("MEDIA_ROOT", BASE_DIR / "var" / "media")
MEDIA_URL = "/media/"
# How many months after a petition's end names and addresses are kept at most.
RETENTION_MONTHS = env.number("RETENTION_MONTHS", default=24, least=1, most=120)
# How many months the log of what staff did is kept; audit.sql keeps twelve at least.
AUDIT_MONTHS = env.number("AUDIT_MONTHS", default=36, least=12, most=240)

# == Mail ==

MAIL_FROM = env.required(
    "MAIL_FROM", "Set the address that mail comes from, petitions@example.org"
)
MAILERS = {"default": env.mailer("MAIL_URL")}
if MAIL_FROM:
    MAIL_FROM = env.address("MAIL_FROM", MAIL_FROM)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
# The rate that the provider allows, over all connections together.
MAIL_RATE = env.rate("MAIL_RATE")
# Mails of mailings in a day, with all others counted; 0 for no bound.
MAIL_PER_DAY = env.number("MAIL_PER_DAY", default=0, least=0, most=100_000_000)
# From which day on mailings may have how many mails in a day, doubled each day.
MAIL_WARM_UP = env.warm_up("MAIL_WARM_UP")
MAIL_CONNECTIONS = env.number("MAIL_CONNECTIONS", default=1, least=1, most=8)
# Where mail comes back to, as bounces+TOKEN@…; `manage.py take_mail` takes it.
BOUNCE_ADDRESS = env.return_address("BOUNCE_ADDRESS")
# Bounces and complaints, which the provider reports by webhooks.
WEBHOOKS_PATH = "mail-events/"
MAIL_WEBHOOKS = env.webhooks("MAIL_WEBHOOKS")
ANYMAIL = env.anymail() if MAIL_WEBHOOKS else {}
if MAIL_WEBHOOKS:
    INSTALLED_APPS.append("anymail")
ALERT_EMAILS = [env.address("ALERT_EMAIL", part) for part in env.parts("ALERT_EMAIL")]
# Gets the same alerts by a POST, for when mail is what is down.
ALERT_URL = env.web_address("ALERT_URL")
# Where to report a vulnerability of this site.
SECURITY_CONTACT = env.contact("SECURITY_CONTACT") or (
    f"mailto:{parseaddr(next(iter(ALERT_EMAILS), MAIL_FROM))[1]}"
)

if DEMO:
    if SITE_URL and not is_loopback(_site.hostname or ""):
        env.problems.append(
            "DEMO is on and SITE_URL is a public address. A demonstration stays on "
            "this machine: set http://localhost:8000, or DEMO=0."
        )
    if not all(is_loopback(part.rpartition(":")[0]) for part in BIND):
        env.problems.append(
            "DEMO is on and BIND lets others in. Set 127.0.0.1:8000, or DEMO=0."
        )
    _mail = MAILERS["default"]["OPTIONS"]
    if "host" in _mail and not is_loopback(_mail["host"]):
        env.problems.append(
            "DEMO is on and MAIL_URL is a real mail server. A demonstration writes "
            "to nobody: use folder:///path or a server on this machine, or DEMO=0."
        )

# == Languages and times ==

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["core.i18n.formats"]
# What the privacy page says of who runs the site, by language.
OPERATOR = env.in_languages("OPERATOR", [code for code, _name in LANGUAGES])
HOSTING = env.in_languages("HOSTING", [code for code, _name in LANGUAGES])
MAIL_SERVICE = env.in_languages("MAIL_SERVICE", [code for code, _name in LANGUAGES])
LEGAL_BASIS = env.in_languages("LEGAL_BASIS", [code for code, _name in LANGUAGES])
PRIVACY_OFFICER = env.in_languages(
    "PRIVACY_OFFICER", [code for code, _name in LANGUAGES]
)
USE_TZ = True
TIME_ZONE = env.time_zone("TIME_ZONE")

# == Static files ==

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", BASE_DIR / "staticfiles")
if MEDIA_ROOT.is_relative_to(STATIC_ROOT):
    env.problems.append(
        "MEDIA_ROOT lies in STATIC_ROOT, which every update empties. Set another "
        "folder for the pictures."
    )
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "core.http.static.BundlingStorage"},
}

# == Security ==

AUTH_USER_MODEL = "organizations.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", **options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"OPTIONS": {"min_length": 12}}),
        ("CommonPasswordValidator", {}),
    )
] + [{"NAME": "organizations.passwords.HardToGuess"}]
PASSWORD_HASHERS = [
    # The first makes new hashes; logging in with one of another replaces it.
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Who has to have a second factor. The demonstration can be used at once.
SECOND_FACTOR = env.one_of("SECOND_FACTOR", ("owners", "all"), default="owners")
if DEMO:
    SECOND_FACTOR = "nobody"
# django-allauth keeps second factors and the list of logins. Logging in, limits and
# mails are ours, so that none of its pages is here.
ACCOUNT_ADAPTER = "organizations.second_factor.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
MFA_ADAPTER = "organizations.second_factor.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
# Half a minute before and after: clocks of telephones differ.
MFA_TOTP_TOLERANCE = 1
AUTHENTICATION_BACKENDS = ["organizations.logins.Backend"]
LOGIN_URL = "admin:login"
CSRF_FAILURE_VIEW = "core.admin.form_recovery.stale_form"
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF, styles.SITE_HASH],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "frame-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_SSL_HOST = _site.netloc
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# W005, W021: HSTS for subdomains and preloading. The organisation's other hosts are not
# ours to promise HTTPS for.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
# Counted from the last request; core.admin.logins ends longer logins.
SESSION_COOKIE_AGE = 4 * 60 * 60
X_FRAME_OPTIONS = "DENY"

# == Logs ==
#
# Route patterns and ids, never a path, name, address or token:
# core/observability/logs.py.

LOG_FORMAT = env.one_of(
    "LOG_FORMAT", ("json", "text"), default="text" if DEMO or DEBUG else "json"
)
LOGGING = logs.logging_settings(LOG_FORMAT)

MISSPELT = env.misspelt()
env.check()
