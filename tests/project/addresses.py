"""A path for each URL name of the site."""

from __future__ import annotations

from django.urls import get_resolver

from core import checks
from core.http.cache_policy import CacheAudience, policies

# A path for each URL name; tests fail for a name without one.
PETITION = "/petitions/free-the-prisoners"


PATHS = {
    "home": "/",
    "robots": "/robots.txt",
    "security": "/.well-known/security.txt",
    "sitemap": "/sitemap.xml",
    "sitemap_file": "/sitemap/petitions-1.xml",
    "favicon": "/favicon.ico",
    "media": "/media/logos/abc.webp",
    "anymail:postmark_tracking_webhook": "/mail-events/postmark/tracking/",
    "livez": "/livez",
    "readyz": "/readyz",
    "metrics": "/metrics",
    "without_language": "/fr/petitions.json",
    "admin_in_language": "/fr/admin/login/",
    "data:petitions": "/petitions.json",
    "data:petition": f"{PETITION}.json",
    "data:count": f"{PETITION}/count.json",
    "data:history": f"{PETITION}/history.json",
    "data:history_csv": f"{PETITION}/history.csv",
    "data:log": f"{PETITION}/log.json",
    "data:checkpoint": f"{PETITION}/log/checkpoint",
    "data:tile": f"{PETITION}/log/tile/0/000.p/1",
    "data:bundle": f"{PETITION}/log/tile/entries/000.p/1",
    "data:check_count": "/check/check_count.py",
    "data:organizations": "/organizations.json",
    "data:organization": "/organizations/rights-now.json",
    "data:oembed": f"/oembed.json?url=http://testserver.localhost{PETITION}/",
    "data:openapi": "/openapi.json",
    "organizations:index": "/organizations/",
    "organizations:profile": "/organizations/rights-now/",
    "petitions:index": "/petitions/",
    "petitions:topic": "/topics/freedom/",
    "petitions:petition": f"{PETITION}/",
    "petitions:text": f"{PETITION}/ar/",
    "petitions:updates": f"{PETITION}/updates/",
    "petitions:update": f"{PETITION}/updates/1/",
    "petitions:reasons": f"{PETITION}/reasons/",
    "petitions:history": f"{PETITION}/history/",
    "petitions:sign": f"{PETITION}/sign/",
    "petitions:check_inbox": f"{PETITION}/check-inbox/",
    "petitions:thank_you": f"{PETITION}/thank-you/",
    "petitions:poster": f"{PETITION}/poster/",
    "petitions:sheet": f"{PETITION}/sheet/",
    "petitions:share_png": f"{PETITION}/share.png",
    "petitions:site_png": "/share.png",
    "organizations:share_png": "/organizations/rights-now/share.png",
    "petitions:qr_svg": f"{PETITION}/qr.svg",
    "petitions:confirm": "/confirm/{confirm}/",
    "petitions:correct": "/confirm/{confirm}/correct/",
    "petitions:resend": "/confirm/{confirm}/resend/",
    "petitions:not_me": "/not-me/{not_me}/",
    "petitions:signature": "/signature/{own}/",
    "petitions:receipt": "/signature/{own}/receipt/",
    "petitions:withdraw": "/signature/{own}/withdraw/",
    "petitions:erase": "/signature/{own}/erase/",
    "petitions:end_links": "/signed/{all}/end-links/",
    "petitions:damaged_link": "/confirm/{confirm}/>",
    "petitions:all_signed": "/signed/",
    "petitions:signed": "/signed/{all}/",
    "petitions:download": "/signed/{all}/download/",
    "petitions:erase_all": "/signed/{all}/erase/",
    "petitions:never_again": "/never-again/{never}/",
    "petitions:unsubscribe": "/unsubscribe/{unsubscribe}/",
    "petitions:one_press": "/one-press/{one_press}/",
    "petitions:office": "/office/{office}/",
    "petitions:office_names": "/office/{office}/names/",
    "petitions:office_file": "/office/{office}/files/0/",
    "petitions:office_answer": "/office-answer/{office_answer}/",
    "petitions:erased": "/erased/",
    "petitions:erased_all": "/erased/all/",
    "petitions:new_link": "/new-link/",
    "petitions:feed": "/petitions.atom",
    "petitions:organization_feed": "/organizations/rights-now.atom",
    "petitions:updates_feed": f"{PETITION}/updates.atom",
    "petitions:developers": "/developers/",
    "petitions:embed": f"{PETITION}/embed/",
    "petitions:card": "/embed/free-the-prisoners/",
    "petitions:card_form": "/embed/free-the-prisoners/form/",
    "petitions:badge": f"{PETITION}/badge.svg",
    "petitions:about": "/about/",
    "petitions:accessibility": "/accessibility/",
    "petitions:contact": "/contact/",
    "petitions:report": f"{PETITION}/report/",
    "petitions:how_we_count": "/how-we-count/",
    "petitions:check": "/check/",
    "petitions:privacy": "/privacy/",
    "petitions:style_guide": "/style-guide/",
    "admin_password_reset": "/admin/password/reset/",
    "password_reset_done": "/admin/password/reset/sent/",
    "password_reset_confirm": "/admin/password/x/y/",
    "password_reset_complete": "/admin/password/set/",
    "accept_invitation": "/admin/invitation/x/",
    "glued_link": "/admin/invitation/x/>",
    "operation": "/admin/operation/",
    "operation_switch": "/admin/operation/banner/",
    "admin:*": "/admin/login/",
}


NAMES = sorted(
    {
        name if not name.startswith("admin:") else "admin:*"
        for name in checks.url_names(get_resolver())
    }
)

CACHED = sorted(
    name
    for name, policy in policies().items()
    if policy.audience is CacheAudience.CACHED
    and name not in {"media", "favicon", "without_language"}
)
