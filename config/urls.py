"""Every URL of the site, and its cache policy: who may keep what is found there."""

from dataclasses import replace

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import (
    URLPattern,
    URLResolver,
    include,
    path,
    re_path,
    register_converter,
)

import core.i18n.languages  # registers <language:…>
import core.i18n.slugs  # noqa: F401 - registers <uslug:…>
from core import views
from core.http import media
from core.http.cache_keys import (
    as_given,
    only_known,
    page_number,
)
from core.http.cache_policy import (
    NO_STORE,
    PERSONAL,
    cached,
)
from core.i18n.languages import AdminPrefix
from core.observability import health
from petitions.admin import operation
from petitions.search.listing import (
    SORTS,
    STATES,
)
from petitions.search.searching import search_text
from petitions.sharing import embeds
from petitions.views import (
    count_log,
    data,
    embedding,
    listing,
    organization_data,
    sitemaps,
)
from petitions.views.parameters import (
    channel_tag,
    language_in_use,
    less_than,
    page_address,
)
from petitions.views.thanks import just_counted

register_converter(count_log.TilePath, "tile")
register_converter(count_log.TileLevel, "tile_level")

# The same for readers of every language, as programs read it: without a language
# prefix.
data_urls = [
    path("petitions.json", data.petitions_data, name="petitions"),
    path("petitions/<uslug:slug>.json", data.petition_data, name="petition"),
    path("petitions/<uslug:slug>/count.json", data.count_data, name="count"),
    path("petitions/<uslug:slug>/history.json", data.history_data, name="history"),
    path("petitions/<uslug:slug>/history.csv", data.history_csv, name="history_csv"),
    path("petitions/<uslug:slug>/log.json", count_log.log, name="log"),
    path(
        "petitions/<uslug:slug>/log/checkpoint",
        count_log.checkpoint,
        name="checkpoint",
    ),
    path(
        "petitions/<uslug:slug>/log/tile/entries/<tile:place>",
        count_log.bundle,
        name="bundle",
    ),
    path(
        "petitions/<uslug:slug>/log/tile/<tile_level:level>/<tile:place>",
        count_log.tile,
        name="tile",
    ),
    path("check/check_count.py", count_log.program, name="check_count"),
    path(
        "organizations.json", organization_data.organizations_data, name="organizations"
    ),
    path(
        "organizations/<uslug:slug>.json",
        organization_data.organization,
        name="organization",
    ),
    path("oembed.json", embedding.oembed, name="oembed"),
    path("openapi.json", data.openapi, name="openapi"),
]

# The languages of the interface as a pattern. Django reverses no pattern with flags.
IN_ANY_CASE = "|".join(
    "".join(f"[{letter}{letter.upper()}]" for letter in code)
    for code, _name in settings.LANGUAGES
)

# URLs without a language.
urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("robots.txt", views.robots, name="robots"),
    path(".well-known/security.txt", views.security, name="security"),
    path("sitemap.xml", sitemaps.sitemap, name="sitemap"),
    path(
        "sitemap/<str:section>-<int:number>.xml",
        sitemaps.sitemap_file,
        name="sitemap_file",
    ),
    path("favicon.ico", views.favicon, name="favicon"),
    path("", include((data_urls, "data"))),
    re_path(
        rf"^(?:{IN_ANY_CASE})/(?P<path>[^/].*\.(?:json|csv))$",
        views.without_language,
        name="without_language",
    ),
    re_path(
        rf"^(?P<language>{IN_ANY_CASE})/admin/(?P<path>.*)$",
        views.admin_in_language,
        name="admin_in_language",
    ),
    re_path(
        r"^media/(?P<folder>covers|logos|petitions|story)/(?P<name>[0-9a-zA-Z_-]+\.(?:avif|png|webp))$",
        media.media,
        name="media",
    ),
]
if settings.MAIL_WEBHOOKS:
    from core.http.webhooks import tracking

    webhooks = (tracking(settings.MAIL_WEBHOOKS), "anymail")
    urlpatterns.append(path(settings.WEBHOOKS_PATH, include(webhooks)))
staff_urls: list[URLPattern | URLResolver] = [
    path("operation/", operation.operation, name="operation"),
    path("operation/<str:name>/", operation.turn, name="operation_switch"),
    path("", include("organizations.account_urls")),
    path("", admin.site.urls),
]
urlpatterns.append(URLResolver(AdminPrefix(), staff_urls))
# URLs with a language: English has no prefix, French begins with /fr/.
urlpatterns += i18n_patterns(
    # The few before the many: each request tries them in turn.
    path("", include("petitions.organization_urls")),
    path("", include("petitions.urls")),
    path("", listing.home, name="home"),
    *([path("demo/", include("petitions.demo.urls"))] if settings.DEMO else []),
    prefix_default_language=False,
)

# `cached`: public pages, with the query parameters that count and their normal forms
# (`as_given` where any other value is an error, which is not cached). `no-store`: the
# response to one visitor, or of one moment. `personal`: also not for search engines.
LISTED = {
    "page": page_number,
    "q": search_text,
    "state": only_known(STATES),
    "sort": only_known(SORTS),
    "after": as_given,
}
JUST_COUNTED = {"counted": just_counted}
FRAME = {"text": language_in_use}
POLICIES = {
    "home": cached(proofs=JUST_COUNTED, page=page_number, q=search_text),
    "robots": cached(),
    "security": cached(),
    "sitemap": cached(),
    "sitemap_file": cached(),
    "favicon": cached(),
    # Webmail programs show logos, and other sites show previews of links.
    "media": cached(embeddable=True),
    "without_language": cached(embeddable=True),
    "admin_in_language": PERSONAL,
    "data:petitions": cached(
        state=as_given, organization=as_given, page=page_number, embeddable=True
    ),
    "data:petition": cached(embeddable=True),
    "data:count": cached(embeddable=True),
    "data:history": cached(embeddable=True),
    "data:history_csv": cached(embeddable=True),
    "data:log": cached(embeddable=True),
    "data:checkpoint": cached(embeddable=True),
    "data:tile": cached(embeddable=True),
    "data:bundle": cached(embeddable=True),
    "data:check_count": cached(embeddable=True),
    "data:organizations": cached(page=page_number, embeddable=True),
    "data:organization": cached(embeddable=True),
    "data:oembed": cached(
        url=page_address,
        maxwidth=less_than(embeds.WIDEST),
        maxheight=less_than(embeds.HIGHEST),
        format=as_given,
        embeddable=True,
    ),
    "data:openapi": cached(embeddable=True),
    "organizations:index": cached(page=page_number),
    "organizations:profile": cached(
        proofs=JUST_COUNTED, page=page_number, q=search_text
    ),
    "petitions:index": cached(LISTED, proofs=JUST_COUNTED, topic=as_given),
    "petitions:topic": cached(LISTED, proofs=JUST_COUNTED),
    "petitions:petition": cached(proofs=JUST_COUNTED),
    "petitions:text": cached(proofs=JUST_COUNTED),
    "petitions:feed": cached(embeddable=True),
    "petitions:organization_feed": cached(embeddable=True),
    "petitions:updates_feed": cached(embeddable=True),
    "petitions:developers": cached(),
    "petitions:embed": cached(FRAME),
    "petitions:card": cached(FRAME, framed=True),
    "petitions:card_form": cached(FRAME, framed=True),
    "petitions:badge": cached(embeddable=True),
    "petitions:updates": cached(page=page_number, text=as_given),
    "petitions:update": cached(text=as_given),
    "petitions:reasons": cached(page=page_number),
    "petitions:history": cached(),
    "petitions:about": cached(),
    "petitions:poster": cached(text=as_given),
    "petitions:sheet": cached(text=as_given),
    "petitions:share_png": cached(text=as_given, embeddable=True),
    "petitions:site_png": cached(embeddable=True),
    "organizations:share_png": cached(embeddable=True),
    "petitions:qr_svg": cached(text=as_given, via=channel_tag),
    "petitions:how_we_count": cached(),
    "petitions:privacy": cached(),
    "petitions:accessibility": cached(),
    "livez": NO_STORE,
    "readyz": NO_STORE,
    "metrics": NO_STORE,
    "anymail:*": NO_STORE,
    "demo:*": NO_STORE,
    "petitions:sign": NO_STORE,
    "petitions:thank_you": replace(
        NO_STORE, query={"counted": as_given}, proofs=frozenset({"counted"})
    ),
    "petitions:erased": NO_STORE,
    "petitions:erased_all": NO_STORE,
    "petitions:new_link": NO_STORE,
    "petitions:all_signed": NO_STORE,
    "petitions:contact": NO_STORE,
    "petitions:check": NO_STORE,
    "petitions:report": NO_STORE,
    "petitions:check_inbox": PERSONAL,
    "petitions:confirm": PERSONAL,
    "petitions:correct": PERSONAL,
    "petitions:resend": PERSONAL,
    "petitions:not_me": PERSONAL,
    "petitions:signature": PERSONAL,
    "petitions:receipt": PERSONAL,
    "petitions:withdraw": PERSONAL,
    "petitions:erase": PERSONAL,
    "petitions:end_links": PERSONAL,
    "petitions:damaged_link": PERSONAL,
    "petitions:signed": PERSONAL,
    "petitions:download": PERSONAL,
    "petitions:erase_all": PERSONAL,
    "petitions:never_again": PERSONAL,
    "petitions:unsubscribe": PERSONAL,
    "petitions:one_press": PERSONAL,
    "petitions:office": PERSONAL,
    "petitions:office_names": PERSONAL,
    "petitions:office_file": PERSONAL,
    "petitions:office_answer": PERSONAL,
    "petitions:style_guide": PERSONAL,
    "admin:*": PERSONAL,
    "operation": PERSONAL,
    "operation_switch": PERSONAL,
    "admin_password_reset": PERSONAL,
    "password_reset_done": PERSONAL,
    "password_reset_confirm": PERSONAL,
    "password_reset_complete": PERSONAL,
    "accept_invitation": PERSONAL,
    "glued_link": PERSONAL,
}

handler400 = "core.http.problems.bad_request"
handler403 = "core.http.problems.permission_denied"
handler404 = "core.http.problems.page_not_found"
handler500 = "core.http.problems.server_error"
