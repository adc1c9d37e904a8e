from django.urls import path

from petitions.views import reading, signers, signing

app_name = "petitions"
urlpatterns = [
    path("petitions/", reading.index, name="index"),
    path("petitions/<uslug:slug>/", reading.petition, name="petition"),
    path("petitions/<uslug:slug>.json", reading.data, name="data"),
    path("petitions/<uslug:slug>/count.json", reading.count, name="count"),
    path("petitions/<uslug:slug>/sign/", signing.sign, name="sign"),
    path(
        "petitions/<uslug:slug>/check-inbox/", signing.check_inbox, name="check_inbox"
    ),
    path("petitions/<uslug:slug>/thank-you/", signing.thank_you, name="thank_you"),
    # Behind the words above; none of them names a language.
    path("petitions/<uslug:slug>/<language:language>/", reading.text, name="text"),
    # Short, for they stand in mails.
    path("confirm/<str:token>/", signing.confirm, name="confirm"),
    path("confirm/<str:token>/correct/", signing.correct, name="correct"),
    path("confirm/<str:token>/resend/", signing.resend, name="resend"),
    path("not-me/<str:token>/", signing.not_me, name="not_me"),
    path("signature/<str:token>/", signers.signature, name="signature"),
    path("signature/<str:token>/withdraw/", signers.withdraw, name="withdraw"),
    path("signed/", signers.all_signed, name="all_signed"),
    path("signed/<str:token>/", signers.signed, name="signed"),
    path("signed/<str:token>/download/", signers.download, name="download"),
    path("signed/<str:token>/erase/", signers.erase_all, name="erase_all"),
    path("never-again/<str:token>/", signers.never_again, name="never_again"),
    path("erased/", signing.erased, name="erased"),
    path("new-link/", signing.new_link, name="new_link"),
    path("how-we-count/", reading.how_we_count, name="how_we_count"),
    path("privacy/", reading.privacy, name="privacy"),
]
