"""What answers on the base domain: the public site, and the outbox in development."""

from django.urls import path

from parley.web.assets.views import show as asset
from parley.web.public import outbox, views
from parley.web.shell import errors
from parley.web.shell.doors import open_to

urlpatterns = [
    path("", views.home, name="home"),
    path("assets/<path:path>", open_to("everyone")(asset), name="asset"),
    path("outbox", open_to("everyone")(outbox.outbox_list), name="outbox"),
    path("outbox/", open_to("everyone")(outbox.outbox_list)),
    path("outbox.json", open_to("everyone")(outbox.outbox_json), name="outbox-json"),
    path("outbox/<str:public_id>.eml", open_to("everyone")(outbox.outbox_raw), name="outbox-raw"),
    path("outbox/<str:public_id>", open_to("everyone")(outbox.outbox_mail), name="outbox-mail"),
    path("outbox/<str:public_id>/body", open_to("everyone")(outbox.outbox_body), name="outbox-body"),
]
handler400, handler403, handler404, handler500 = (
    errors.bad_request,
    errors.forbidden,
    errors.not_found,
    errors.broken,
)
