"""Every address of the site, and who may keep what is found there."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

import config.languages  # registers <language:…>
import config.slugs  # noqa: F401 - registers <uslug:…>
from config import health, media, views
from config.cache_policy import NO_STORE, PERSONAL, cached
from petitions.views import reading

# Addresses without a language.
urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
    re_path(
        r"^media/(?P<folder>covers|logos|petitions)/(?P<name>[0-9a-zA-Z_-]+\.(?:avif|png|webp))$",
        media.media,
        name="media",
    ),
]
if settings.MAIL_WEBHOOKS:
    from anymail.urls import urlpatterns as webhooks

    # The provider's own and no other: those would ask for settings of theirs.
    tracking = [
        found
        for found in webhooks
        if found.name == f"{settings.MAIL_WEBHOOKS}_tracking_webhook"
    ]
    urlpatterns.append(path(settings.WEBHOOKS_PATH, include((tracking, "anymail"))))
# English has no prefix, French begins with /fr/.
urlpatterns += i18n_patterns(
    path("", include("petitions.urls")),
    path("", include("organizations.urls")),
    path("", reading.home, name="home"),
    path("admin/password/", include("organizations.password_urls")),
    path("admin/", admin.site.urls),
    *([path("demo/", include("petitions.demo.urls"))] if settings.DEMO else []),
    prefix_default_language=False,
)

# `cached`: public pages, with the query parameters that count. `no-store`: the answer
# to one visitor, or of one moment. `personal`: also not for search engines.
POLICIES = {
    "home": cached(),
    "robots": cached(),
    "favicon": cached(),
    "media": cached(),
    "organizations:index": cached("page"),
    "organizations:profile": cached("page"),
    "organizations:data": cached(embeddable=True),
    "petitions:index": cached("page", "q"),
    "petitions:petition": cached(),
    "petitions:text": cached(),
    "petitions:data": cached(embeddable=True),
    "petitions:count": cached(embeddable=True),
    "petitions:how_we_count": cached(),
    "petitions:privacy": cached(),
    "livez": NO_STORE,
    "readyz": NO_STORE,
    "metrics": NO_STORE,
    "anymail:*": NO_STORE,
    "demo:*": NO_STORE,
    "petitions:sign": NO_STORE,
    "petitions:thank_you": NO_STORE,
    "petitions:erased": NO_STORE,
    "petitions:new_link": NO_STORE,
    "petitions:all_signed": NO_STORE,
    "petitions:check_inbox": PERSONAL,
    "petitions:confirm": PERSONAL,
    "petitions:correct": PERSONAL,
    "petitions:resend": PERSONAL,
    "petitions:not_me": PERSONAL,
    "petitions:signature": PERSONAL,
    "petitions:withdraw": PERSONAL,
    "petitions:signed": PERSONAL,
    "petitions:download": PERSONAL,
    "petitions:erase_all": PERSONAL,
    "petitions:never_again": PERSONAL,
    "admin:*": PERSONAL,
    "admin_password_reset": PERSONAL,
    "password_reset_done": PERSONAL,
    "password_reset_confirm": PERSONAL,
    "password_reset_complete": PERSONAL,
}

handler400 = "config.problems.bad_request"
handler403 = "config.problems.permission_denied"
handler404 = "config.problems.page_not_found"
handler500 = "config.problems.server_error"
