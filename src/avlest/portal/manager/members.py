# SPDX-License-Identifier: Apache-2.0
"""Who of the staff may do what: inviting, ending a role, and what each role sees."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from avlest.insight.notify.contracts import Audience, Channel, Draft, Recipient
from avlest.insight.notify.outbox import do_keep
from avlest.portal.forms import Form, answer_form
from avlest.portal.manager.crumbs import Crumb, make_crumbs
from avlest.portal.points import STAFF_DETAIL, Detail
from avlest.portal.request import ViewerRequest
from avlest.portal.viewer import get_name
from avlest.registry.errors import RegistryError
from avlest.registry.models import Membership, User
from avlest.registry.rights import RIGHTS, AccessDeniedError, Right, Role
from avlest.registry.services.members import Invitation, do_end_role, do_invite_member

ROLE_NAMES: Final[dict[Role, Promise]] = {
    Role.ADMINISTRATOR: gettext_lazy("Administrator"),
    Role.OPERATOR: gettext_lazy("Operator"),
    Role.BILLING: gettext_lazy("Billing clerk"),
    Role.MANAGER: gettext_lazy("Board or property manager"),
    Role.CARETAKER: gettext_lazy("Caretaker"),
    Role.INSTALLER: gettext_lazy("Plumber"),
    Role.RESIDENT: gettext_lazy("Resident"),
}
_STAFF: Final = tuple(role for role in Role if role is not Role.RESIDENT)
_ABILITIES: Final[tuple[tuple[Right, Promise], ...]] = (
    (Right.VIEW_PEOPLE, gettext_lazy("Names")),
    (Right.HANDLE_ALARMS, gettext_lazy("Alarms")),
    (Right.DECIDE_VALUES, gettext_lazy("Deciding values")),
    (Right.INSTALL_METERS, gettext_lazy("Exchanging meters")),
    (Right.RUN_SETTLEMENT, gettext_lazy("Settling")),
    (Right.APPROVE_SETTLEMENT, gettext_lazy("Approving settlements")),
    (Right.VIEW_AUDIT, gettext_lazy("The log")),
    (Right.MANAGE, gettext_lazy("Access")),
)
_DETAILS: Final[dict[Detail, Promise]] = {
    Detail.NOTHING: gettext_lazy("nothing"),
    Detail.TOTALS: gettext_lazy("sums of months"),
    Detail.HOURS: gettext_lazy("hours, with a reason"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """A person of the staff with their roles."""

    user_id: int
    name: str
    email: str
    roles: tuple[tuple[str, Promise], ...]
    last_login: datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class RoleRow:
    """What a role may do, as a row of the preview."""

    name: Promise
    sees: Promise
    abilities: tuple[bool, ...]


class InviteForm(Form):
    """Who gets which role."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=150)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[("", gettext_lazy("Choose …")), *((role.value, ROLE_NAMES[role]) for role in _STAFF)],
    )
    submit = gettext_lazy("Invite")


@require_http_methods(["GET", "HEAD", "POST"])
def show_members(request: ViewerRequest) -> HttpResponse:
    """The staff, the invitation, and what each role sees."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _invite(request, form):
        response = HttpResponseRedirect(reverse("manager:members"))
        response.status_code = 303
        return response
    context = {
        "members": list_members(request.viewer.scope),
        "roles": list(_list_roles()),
        "abilities": [name for _right, name in _ABILITIES],
    }
    return answer_form(request, "portal/manager/members.html", form, context)


def list_members(organisation_id: int) -> list[Member]:
    """The staff of an organisation by name."""
    rows = Membership.objects.filter(organisation_id=organisation_id).exclude(role=Role.RESIDENT.value)
    roles: dict[int, list[Role]] = {}
    users: dict[int, User] = {}
    for row in rows.select_related("user").order_by("user__last_name", "user__username", "role"):
        users[row.user_id] = row.user
        roles.setdefault(row.user_id, []).append(Role(row.role))
    return [
        Member(
            user.pk, get_name(user), user.email, tuple((role.value, ROLE_NAMES[role]) for role in roles[user.pk]),
            user.last_login,
        )
        for user in users.values()
    ]  # fmt: skip


def _list_roles() -> Iterable[RoleRow]:
    for role in _STAFF:
        sees = _DETAILS[STAFF_DETAIL.get(role, Detail.NOTHING)]
        yield RoleRow(ROLE_NAMES[role], sees, tuple(right in RIGHTS[role] for right, _name in _ABILITIES))


def _invite(request: ViewerRequest, form: InviteForm) -> bool:
    """Give the role and write the letter; an error at the field when it is refused."""
    cleaned = form.cleaned_data
    invitation = Invitation(cleaned["email"], cleaned["name"], Role(cleaned["role"]))
    try:
        user_id = do_invite_member(request.viewer.actor, invitation, now=request.now)
    except RegistryError:
        form.add_error("role", _("This person has the role already."))
        return False
    _write_letter(request, invitation, user_id)
    messages.success(request, _("%(name)s is invited and gets an e-mail.") % {"name": invitation.name})
    return True


def _write_letter(request: ViewerRequest, invitation: Invitation, user_id: int) -> None:
    """Put the invitation into the outbox, in the language of the one who invites."""
    address = request.build_absolute_uri(reverse("account_login"))
    with override(get_language() or "nb"):
        subject = _("You have access to %(name)s") % {"name": request.viewer.organisation_name}
        body = _(
            "%(who)s has given you access to %(name)s as: %(role)s.\n\n"
            "Sign in with a code to this e-mail address:\n%(address)s"
        ) % {
            "who": request.viewer.name, "name": request.viewer.organisation_name,
            "role": ROLE_NAMES[invitation.role], "address": address,
        }  # fmt: skip
    recipient = Recipient(audience=Audience.OPERATOR, name=invitation.name, user_id=user_id, email=invitation.email)
    key = f"invite:{user_id}:{invitation.role}:{request.now:%Y%m%d%H%M%S}"
    draft = Draft(
        key=key, recipient=recipient, channel=Channel.EMAIL, address=invitation.email, subject=subject, body=body,
        not_before=request.now,
    )  # fmt: skip
    do_keep(request.viewer.scope, [draft], now=request.now)


class EndForm(Form):
    """Which role ends."""

    role = forms.ChoiceField(label=gettext_lazy("Role that ends"), widget=forms.RadioSelect)
    submit = gettext_lazy("End access")

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(member.roles)  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def end_role(request: ViewerRequest, user_id: int) -> HttpResponse:
    """Ask which role ends, and end it at once."""
    request.viewer.actor.require(Right.MANAGE)
    member = next((each for each in list_members(request.viewer.scope) if each.user_id == user_id), None)
    if member is None:
        raise AccessDeniedError(f"no member {user_id} in this organisation")
    initial = {"role": member.roles[0][0]} if len(member.roles) == 1 else None
    form = EndForm(request.POST if request.method == "POST" else None, member=member, initial=initial)
    if form.is_valid() and _end(request, form, member):
        response = HttpResponseRedirect(reverse("manager:members"))
        response.status_code = 303
        return response
    crumbs = make_crumbs(Crumb(_("Access"), reverse("manager:members")), Crumb(member.name))
    return answer_form(request, "portal/manager/end_role.html", form, {"member": member, "crumbs": crumbs})


def _end(request: ViewerRequest, form: EndForm, member: Member) -> bool:
    try:
        do_end_role(request.viewer.actor, member.user_id, Role(form.cleaned_data["role"]), now=request.now)
    except RegistryError:
        form.add_error("role", _("The last administrator stays. Invite another one first."))
        return False
    messages.success(request, _("The access of %(name)s has ended.") % {"name": member.name})
    return True
