from django.urls import path

from petitions.demo import views

app_name = "demo"
urlpatterns = [
    path("", views.tour, name="tour"),
    path("mail/", views.mailbox, name="mailbox"),
    path("mail/<slug:name>/", views.demo_mail, name="mail"),
    path("mail/<slug:name>/html/", views.mail_html, name="mail_html"),
    path("proof/", views.demo_proof, name="proof"),
]
