from django.urls import path, re_path

from petitions.views import (
    about,
    confirming,
    count_log,
    developers,
    embedding,
    feeds,
    links,
    listing,
    office,
    one_press,
    petition_page,
    reports,
    sharing,
    signers,
    signing,
    style_guide,
    timeline,
    unsubscribing,
)

app_name = "petitions"
urlpatterns = [
    path("petitions/", listing.index, name="index"),
    path("topics/<uslug:slug>/", listing.topic, name="topic"),
    path("petitions/<uslug:slug>/", petition_page.petition, name="petition"),
    path("petitions/<uslug:slug>/sign/", signing.sign, name="sign"),
    path(
        "petitions/<uslug:slug>/check-inbox/", signing.check_inbox, name="check_inbox"
    ),
    path("petitions/<uslug:slug>/thank-you/", sharing.thank_you, name="thank_you"),
    path("petitions.atom", feeds.feed, name="feed"),
    path(
        "organizations/<uslug:slug>.atom",
        feeds.organization_feed,
        name="organization_feed",
    ),
    path(
        "petitions/<uslug:slug>/updates.atom", feeds.updates_feed, name="updates_feed"
    ),
    path("share.png", sharing.site_png, name="site_png"),
    path("developers/", developers.developers, name="developers"),
    path("petitions/<uslug:slug>/embed/", embedding.embed, name="embed"),
    path("petitions/<uslug:slug>/badge.svg", embedding.badge, name="badge"),
    path("embed/<uslug:slug>/", embedding.card, name="card"),
    path("embed/<uslug:slug>/form/", embedding.card_form, name="card_form"),
    path("petitions/<uslug:slug>/updates/", timeline.updates, name="updates"),
    path(
        "petitions/<uslug:slug>/updates/<int:number>/", timeline.update, name="update"
    ),
    path("petitions/<uslug:slug>/reasons/", timeline.reasons, name="reasons"),
    path("petitions/<uslug:slug>/history/", timeline.history, name="history"),
    path("petitions/<uslug:slug>/report/", reports.report, name="report"),
    path("petitions/<uslug:slug>/poster/", sharing.poster, name="poster"),
    path("petitions/<uslug:slug>/sheet/", sharing.sheet, name="sheet"),
    path("petitions/<uslug:slug>/share.png", sharing.share_png, name="share_png"),
    path("petitions/<uslug:slug>/qr.svg", sharing.qr_svg, name="qr_svg"),
    # After the paths above: none of their last words is a language code.
    path(
        "petitions/<uslug:slug>/<language:language>/", petition_page.text, name="text"
    ),
    # Short, because they stand in mails.
    path("confirm/<str:token>/", confirming.confirm, name="confirm"),
    path("confirm/<str:token>/correct/", confirming.correct, name="correct"),
    path("confirm/<str:token>/resend/", confirming.resend, name="resend"),
    path("not-me/<str:token>/", confirming.not_me, name="not_me"),
    path("signature/<str:token>/", signers.signature, name="signature"),
    path("signature/<str:token>/receipt/", count_log.receipt, name="receipt"),
    path("signature/<str:token>/withdraw/", signers.withdraw, name="withdraw"),
    path("signature/<str:token>/erase/", signers.erase, name="erase"),
    path("signed/", signers.all_signed, name="all_signed"),
    path("signed/<str:token>/", signers.signed, name="signed"),
    path("signed/<str:token>/download/", signers.download, name="download"),
    path("signed/<str:token>/erase/", signers.erase_all, name="erase_all"),
    path("signed/<str:token>/end-links/", signers.end_links, name="end_links"),
    path("never-again/<str:token>/", signers.never_again, name="never_again"),
    path("unsubscribe/<str:token>/", unsubscribing.unsubscribe, name="unsubscribe"),
    path("one-press/<str:token>/", one_press.one_press, name="one_press"),
    path("office/<str:token>/", office.show_delivery, name="office"),
    path("office/<str:token>/names/", office.show_names, name="office_names"),
    path(
        "office/<str:token>/files/<int:number>/",
        office.download_file,
        name="office_file",
    ),
    path("office-answer/<str:token>/", office.confirm_answer, name="office_answer"),
    # Links of these kinds that a mail program has damaged.
    re_path(
        r"^(?:/*)(?P<folder>(?i:(?:[a-z]{2}/)?(?:confirm|not-me|signature|signed|never-again|unsubscribe|one-press|office|office-answer)))"
        r"/(?P<rest>(?s:.*))$",
        links.damaged,
        name="damaged_link",
    ),
    path("erased/", confirming.erased, name="erased"),
    path("erased/all/", confirming.erased, {"everywhere": True}, name="erased_all"),
    path("new-link/", links.new_link, name="new_link"),
    path("about/", about.about, name="about"),
    path("how-we-count/", about.how_we_count, name="how_we_count"),
    path("check/", count_log.check, name="check"),
    path("privacy/", about.privacy, name="privacy"),
    path("accessibility/", about.accessibility, name="accessibility"),
    path("contact/", reports.contact, name="contact"),
    path("style-guide/", style_guide.style_guide, name="style_guide"),
]
