"""What answers on an account's host. Each view says who may open it (web/shell/doors)."""

from django.urls import path

from parley.web.admin.departments import views as departments
from parley.web.admin.people import views as people
from parley.web.agent.profile import views as profile
from parley.web.agent.sign_in import views as sign_in
from parley.web.agent.tickets import acts, messages, views
from parley.web.assets.views import show as asset
from parley.web.customer import views as customer
from parley.web.shell import errors
from parley.web.shell.doors import open_to

TICKET = "agent/tickets/<str:code>/"

urlpatterns = [
    path("", customer.home, name="portal"),
    path("assets/<path:path>", open_to("everyone")(asset), name="asset"),
    path("files/<str:public_id>/<str:name>", messages.file, name="file"),
    path("agent/", views.home, name="workspace"),
    path("agent/sign-in/", sign_in.sign_in, name="sign-in"),
    path("agent/sign-out/", sign_in.sign_out, name="sign-out"),
    path("agent/password/forgotten/", sign_in.forgotten, name="password-forgotten"),
    path("agent/password/reset/<str:secret>/", sign_in.reset, name="password-reset"),
    path("agent/invitation/<str:secret>/", sign_in.invitation, name="invitation"),
    path("agent/profile/", profile.show, name="profile"),
    path("agent/profile/password/", profile.password, name="profile-password"),
    path("agent/profile/sessions/", profile.end_sessions, name="sessions"),
    path("agent/tickets/", views.listing, name="tickets"),
    path(TICKET, views.show, name="ticket"),
    path(TICKET + "replies/", acts.reply, name="ticket-replies"),
    path(TICKET + "notes/", acts.note, name="ticket-notes"),
    path(TICKET + "assignment/", acts.assignment, name="ticket-assignment"),
    path(TICKET + "department/", acts.department, name="ticket-department"),
    path(TICKET + "resolution/", acts.resolution, name="ticket-resolution"),
    path("agent/messages/<str:public_id>/body/", messages.body, name="message-body"),
    path("agent/settings/", people.home, name="settings"),
    path("agent/settings/agents/", people.listing, name="agents"),
    path("agent/settings/agents/<str:public_id>/", people.show, name="agent"),
    path(
        "agent/settings/agents/<str:public_id>/invitation/", people.invite_again, name="agent-invitation"
    ),
    path("agent/settings/agents/<str:public_id>/deletion/", people.delete, name="agent-deletion"),
    path("agent/settings/departments/", departments.listing, name="departments"),
    path("agent/settings/departments/<str:public_id>/", departments.show, name="department"),
    path("agent/settings/departments/<str:public_id>/members/", departments.members, name="members"),
]
handler400, handler403, handler404, handler500 = (
    errors.bad_request,
    errors.forbidden,
    errors.not_found,
    errors.broken,
)
