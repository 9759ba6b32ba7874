# SPDX-License-Identifier: Apache-2.0
"""Tokens: which there are, making one, ending one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.api.scopes import SCOPE_TEXTS, Scope, get_allowed_scopes, may_make_for_organisation
from avlest.portal.api.tokens import PROGRAM_ROLES, TokenError, TokenWish, do_make_token, do_revoke_token, get_tokens
from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.viewer import Viewer
from avlest.registry.rights import AccessDeniedError, Role

_ROLE_TEXTS: Final = {
    Role.OPERATOR: gettext_lazy("A program of the organisation that runs meters"),
    Role.BILLING: gettext_lazy("A program of the organisation that bills"),
    Role.MANAGER: gettext_lazy("A program of the organisation that manages properties"),
    Role.ADMINISTRATOR: gettext_lazy("A program of the organisation that may do everything"),
}
_DAYS: Final = (
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("One year")),
    (730, gettext_lazy("Two years")),
)


class TokenForm(Form):
    """A new token."""

    name = forms.CharField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("So that you know it again."), max_length=80
    )
    role = forms.ChoiceField(label=gettext_lazy("It acts as"), required=False, widget=forms.RadioSelect)
    purpose = forms.CharField(
        label=gettext_lazy("What it is for"),
        help_text=gettext_lazy("Residents see it when the program looks at what they use."),
        max_length=200,
        min_length=5,
    )
    scopes = forms.MultipleChoiceField(label=gettext_lazy("It may"), widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(label=gettext_lazy("It ends after"), choices=_DAYS, coerce=int, initial=365)
    submit = gettext_lazy("Make the token")

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = get_allowed_scopes(viewer.roles)
        self._set_choices("scopes", [(scope.value, SCOPE_TEXTS[scope]) for scope in allowed])
        if may_make_for_organisation(viewer):
            roles = [(role.value, _ROLE_TEXTS[role]) for role in PROGRAM_ROLES]
            self._set_choices("role", [("", gettext_lazy("Me")), *roles])
            self.fields["role"].initial = ""
        else:
            del self.fields["role"]
        if not viewer.is_staff:
            del self.fields["purpose"]

    def _set_choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]


@require_safe
@never_cache
def show_tokens(request: ViewerRequest) -> HttpResponse:
    """One's own tokens, and the programs' of the organisation to whoever may make such."""
    tokens = [(token, token.is_valid(request.now)) for token in get_tokens(request.viewer)]
    context = {
        "valid": [(token, [SCOPE_TEXTS[scope] for scope in token.scopes]) for token, is_valid in tokens if is_valid],
        "over": [token for token, is_valid in tokens if not is_valid],
        "can_make": bool(get_allowed_scopes(request.viewer.roles)) and request.viewer.seen_as is None,
    }
    return render(request, "portal/api/tokens.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def make_token(request: ViewerRequest) -> HttpResponse:
    """A form; the answer to it shows the secret, this once."""
    if not get_allowed_scopes(request.viewer.roles) or request.viewer.seen_as is not None:
        raise AccessDeniedError("nobody makes tokens without a role, or in another's name")
    form = TokenForm(request.POST if request.method == "POST" else None, viewer=request.viewer)
    if request.method != "POST" or not form.is_valid():
        return answer_form(request, "portal/api/token_form.html", form)
    try:
        token, secret = do_make_token(request.viewer, _read_wish(request, form), now=request.now)
    except TokenError as error:
        form.add_error("days" if error.field == "expires_at" else error.field, _explain(error))
        return answer_form(request, "portal/api/token_form.html", form)
    return render(request, "portal/api/token_made.html", {"token": token, "secret": secret})


def _read_wish(request: ViewerRequest, form: TokenForm) -> TokenWish:
    data = form.cleaned_data
    return TokenWish(
        name=data["name"],
        scopes=tuple(Scope(name) for name in data["scopes"]),
        expires_at=request.now + timedelta(days=data["days"]),
        purpose=data.get("purpose", ""),
        role=Role(data["role"]) if data.get("role") else None,
    )


def _explain(error: TokenError) -> str:
    """Why there is no such token, for people."""
    words = {
        "scopes": _("Choose only what this role may do."),
        "purpose": _("Write what it is for."),
        "too_many": _("You have too many tokens. Revoke one that is not used any more."),
    }
    return words.get(error.code, str(error))


@require_POST
def revoke_token(request: ViewerRequest, token_id: int) -> HttpResponse:
    """End a token at once."""
    token = do_revoke_token(request.viewer, token_id, now=request.now)
    messages.success(request, _("The token %(name)s is revoked.") % {"name": token.name})
    return redirect("api:tokens")
