# SPDX-License-Identifier: Apache-2.0
"""Price lists, VAT rates, accounts and what they have agreed."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from avlest.registry.admin.base import OwnedAdmin, ReadOnlyAdmin, ReadOnlyInline, make_actor
from avlest.registry.errors import RegistryError
from avlest.registry.models import Owned
from avlest.registry.rights import AccessDeniedError, Right
from avlest.registry.services.audit import save_changed
from avlest.settlement.contracts import SettlementError
from avlest.settlement.models import (
    Account,
    AdvanceLevel,
    Agreement,
    Configuration,
    Discretion,
    Price,
    PriceList,
    ServiceOrder,
    VatRate,
)
from avlest.settlement.services.prices import do_approve_price_list


class PriceInline(ReadOnlyInline):
    """The prices of a list."""

    model = Price
    fields = ("code", "service", "category", "size", "unit", "value", "vat")


@admin.register(PriceList)
class PriceListAdmin(OwnedAdmin):
    """Price lists: drafts may be changed, by one person; another approves them by the action."""

    view_right = Right.VIEW_SETTLEMENT
    change_right = Right.MANAGE_PRICES
    inlines = (PriceInline,)
    list_display = ("name", "valid_from", "valid_to", "vat_included", "state", "made_by", "approved_by", "organisation")
    list_filter = ("organisation", "state")
    list_select_related = ("organisation",)
    readonly_fields = ("state", "made_at", "made_by", "approved_at", "approved_by", "vat")
    actions = ("approve",)

    def has_change_permission(self, request: HttpRequest, obj: Owned | None = None) -> bool:
        """Only a draft is changed."""
        is_open = not isinstance(obj, PriceList) or obj.state == PriceList.State.DRAFT
        return is_open and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Owned, form: ModelForm[Owned], change: bool) -> None:  # noqa: FBT001  Django's signature
        """Whoever changes a draft counts as who made it."""
        assert isinstance(obj, PriceList)
        actor = make_actor(request, obj.organisation_id)
        obj.made_by, obj.made_by_user = actor.name, actor.user_id
        if not change:
            obj.made_at = timezone.now()
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Approve (another person than made it)"))
    def approve(self, request: HttpRequest, rows: QuerySet[PriceList]) -> None:
        """Approve the chosen drafts; each that is refused is named with the reason."""
        for row in rows:
            try:
                do_approve_price_list(make_actor(request, row.organisation_id), row.pk, now=timezone.now())
            except (RegistryError, AccessDeniedError, SettlementError) as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{row}: {PriceList.State.APPROVED.label}", messages.SUCCESS)


@admin.register(Price)
class PriceAdmin(OwnedAdmin):
    """Prices of drafts; whoever changes one counts as who made the list."""

    view_right = Right.VIEW_SETTLEMENT
    change_right = Right.MANAGE_PRICES
    list_display = ("code", "service", "category", "size", "unit", "value", "vat", "price_list")
    list_filter = ("organisation", "price_list", "service")
    list_select_related = ("price_list", "organisation")
    fixed_fields = ("organisation", "price_list")

    def has_change_permission(self, request: HttpRequest, obj: Owned | None = None) -> bool:
        """Only prices of a draft are changed."""
        is_open = not isinstance(obj, Price) or obj.price_list.state == PriceList.State.DRAFT
        return is_open and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Owned, form: ModelForm[Owned], change: bool) -> None:  # noqa: FBT001  Django's signature
        """Save the price, and note on its list who changed it."""
        assert isinstance(obj, Price)
        super().save_model(request, obj, form, change)
        actor = make_actor(request, obj.organisation_id)
        values = {"made_by": actor.name, "made_by_user": actor.user_id}
        save_changed(actor, obj.price_list, values, now=timezone.now(), action="change")


@admin.register(VatRate)
class VatRateAdmin(OwnedAdmin):
    """VAT rates by the day of delivery."""

    view_right = Right.VIEW_SETTLEMENT
    change_right = Right.MANAGE_PRICES
    list_display = ("code", "percent", "valid_from", "valid_to", "source", "organisation")
    list_filter = ("organisation", "code")
    list_select_related = ("organisation",)


class AgreementInline(ReadOnlyInline):
    """What an account has."""

    model = Agreement


@admin.register(Account)
class AccountAdmin(OwnedAdmin):
    """Subscribers of properties."""

    view_right = Right.VIEW_SETTLEMENT
    change_right = Right.RUN_SETTLEMENT
    inlines = (AgreementInline,)
    list_display = ("number", "party", "property", "opened_on", "closed_on", "terms", "organisation")
    list_filter = ("organisation", "terms", ("closed_on", admin.EmptyFieldListFilter))
    list_select_related = ("party", "property", "organisation")
    search_fields = ("=number", "party__name", "property__address")
    autocomplete_fields = ("party", "property")
    fixed_fields = ("organisation", "number", "party", "property", "opened_on")


@admin.register(Agreement)
class AgreementAdmin(OwnedAdmin):
    """Services of accounts."""

    view_right = Right.VIEW_SETTLEMENT
    change_right = Right.RUN_SETTLEMENT
    list_display = ("account", "service", "category", "size", "count", "valid_from", "valid_to", "organisation")
    list_filter = ("organisation", "service", "category")
    list_select_related = ("account__party", "organisation")
    autocomplete_fields = ("account",)


class SettlementRows(ReadOnlyAdmin):
    """Rows that only services write."""

    view_right = Right.VIEW_SETTLEMENT


@admin.register(AdvanceLevel)
class AdvanceLevelAdmin(SettlementRows):
    """A konto of accounts, by year."""

    list_filter = ("organisation",)
    list_display = ("account", "year", "service", "quantity", "valid_from", "origin", "made_by")
    list_select_related = ("account__party",)


@admin.register(Discretion)
class DiscretionAdmin(SettlementRows):
    """Quantities set by discretion."""

    list_filter = ("organisation",)
    list_display = ("account", "starts_on", "stops_on", "quantity", "decided_by", "decided_on")
    list_select_related = ("account__party",)


@admin.register(ServiceOrder)
class ServiceOrderAdmin(SettlementRows):
    """Ordered services."""

    list_filter = ("organisation",)
    list_display = ("account", "code", "starts_at", "quantity", "invoice")
    list_select_related = ("account__party", "invoice")


@admin.register(Configuration)
class ConfigurationAdmin(OwnedAdmin):
    """How an organisation settles."""

    view_right = Right.VIEW_SETTLEMENT
    change_right = Right.MANAGE
    list_display = ("organisation", "city", "bank_account")
    list_select_related = ("organisation",)
