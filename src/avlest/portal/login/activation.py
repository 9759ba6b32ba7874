# SPDX-License-Identifier: Apache-2.0
"""The page where a code from a letter is typed in: by somebody signed in, or to make a login."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django import forms
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from avlest.portal.forms import Form, answer_form
from avlest.portal.login.codes import CodeError, do_use_code, find_code
from avlest.portal.request import ViewerRequest
from avlest.portal.security import may_try
from avlest.registry.models import User

_TRIES, _SECONDS = 10, 3600


class CodeForm(Form):
    """The code alone, for somebody who has signed in."""

    code = forms.CharField(
        label=gettext_lazy("Code from the letter"),
        help_text=gettext_lazy("Twelve letters and digits, such as ABCD-EFGH-JKLM."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )
    submit = gettext_lazy("Activate")


class NewLoginForm(CodeForm):
    """The code and what one signs in with from now on."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label=gettext_lazy("Choose a password"),
        help_text=gettext_lazy("At least eight characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_email(self) -> str:
        """Refuse an address that has a login: its owner signs in first and types the code then."""
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError(_("This address has a login. Sign in first, then type in the code."))
        return email

    def clean_password(self) -> str:
        """Refuse a password that is too easy."""
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def activate(request: ViewerRequest) -> HttpResponse:
    """Tie a login to a home by the code from the letter."""
    kind = CodeForm if request.viewer.is_signed_in else NewLoginForm
    form = kind(request.POST or None)
    if request.method == "POST" and not _may_try(request):
        return render(request, "portal/common/too_many.html", status=429)
    if form.is_valid():
        response = _activate(request, form)
        if response is not None:
            return response
    return answer_form(request, "portal/common/activate.html", form)


def _may_try(request: ViewerRequest) -> bool:
    """At most ten attempts an hour from one address: a code has 60 bits."""
    address = get_adapter().get_client_ip(request)
    return may_try("activate", str(address), limit=_TRIES, seconds=_SECONDS)


def _activate(request: ViewerRequest, form: Form) -> HttpResponse | None:
    """Use the code; None with an error at the field when it does not do."""
    code = form.cleaned_data["code"]
    try:
        with transaction.atomic():
            find_code(code, now=request.now)
            user = _make_user(form) if isinstance(request.user, AnonymousUser) else request.user
            do_use_code(code, user, now=request.now)
    except CodeError:
        form.add_error("code", _("This code is not valid. It may be mistyped, used, or too old."))
        return None
    messages.success(request, _("Your home is now here."))
    if request.viewer.is_signed_in:
        return HttpResponseRedirect("/")
    response: HttpResponse = perform_login(request, user, redirect_url="/")
    return response


def _make_user(form: Form) -> User:
    email = form.cleaned_data["email"]
    user: User = User.objects.create_user(username=email[:150], email=email, password=form.cleaned_data["password"])
    return user
