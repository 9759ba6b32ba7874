# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses."""

from __future__ import annotations

from avlest.portal.rules import Rule, for_roles
from avlest.registry.rights import Role

CLERKS = (Role.BILLING, Role.ADMINISTRATOR)
BILLERS = (*CLERKS, Role.MANAGER)
"""Billing clerk, administrator, and the manager (board), who sees and approves."""

_FORM = ("GET", "POST")
_RUN = {"run_id": "run"}
_ACCOUNT = {"account_id": "account"}
_INVOICE = {"invoice_id": "invoice"}
_LIST = {"list_id": "price_list"}


def _seen(name: str, **arguments: str) -> Rule:
    return for_roles(f"billing:{name}", *BILLERS, arguments=arguments)


def _clerks(name: str, *methods: str, **arguments: str) -> Rule:
    return for_roles(f"billing:{name}", *CLERKS, arguments=arguments, methods=methods or ("GET",))


RULES = (
    _seen("runs"),
    _clerks("run_new", *_FORM),
    _clerks("run_basis", *_FORM),
    _seen("work", work_id="work"),
    _seen("controls"),
    _clerks("control_new", *_FORM),
    _seen("run", **_RUN),
    _seen("run_control", **_RUN),
    _clerks("run_exception", *_FORM, **_RUN, exception_id="exception"),
    _seen("run_preview", **_RUN),
    _seen("run_account", **_RUN, **_ACCOUNT),
    for_roles("billing:run_approve", *BILLERS, arguments=_RUN, methods=_FORM),
    _clerks("run_drop", "POST", **_RUN),
    for_roles("billing:run_send", *BILLERS, arguments=_RUN, methods=_FORM),
    _seen("run_export", **_RUN, kind="=csv"),
    _seen("run_correct", **_RUN),
    _seen("invoices"),
    _seen("invoice", **_INVOICE),
    _seen("invoice_pdf", **_INVOICE),
    _seen("invoice_ehf", **_INVOICE),
    _clerks("invoice_credit", *_FORM, **_INVOICE),
    _seen("prices"),
    _clerks("price_file", *_FORM),
    _seen("price_list", **_LIST),
    _clerks("price_list_approve", "POST", **_LIST),
    _clerks("price_list_withdraw", "POST", **_LIST),
    _clerks("price", *_FORM, price_id="price"),
    _seen("accounts"),
    _clerks("accounts_open", "POST"),
    _seen("account", **_ACCOUNT),
    _clerks("account_change", *_FORM, **_ACCOUNT, what="=terminer"),
    _seen("moves"),
    _clerks("move", *_FORM, **_ACCOUNT),
    _seen("documents"),
    _seen("documents_of", party_id="party"),
    _seen("documents_zip", party_id="party"),
    _seen("document", document_id="document"),
    _clerks("payments"),
    _clerks("payment_file", *_FORM),
    _clerks("payment", payment_id="payment"),
    _clerks("payment_match", "POST", payment_id="payment"),
    _clerks("payment_clear", "POST", payment_id="payment"),
    _seen("refunds"),
    _clerks("refunds_list", "POST"),
    for_roles("billing:refund_approve", *BILLERS, arguments={"refund_id": "refund"}, methods=("POST",)),
    _clerks("refund_pay", "POST", refund_id="refund"),
    _clerks("reminders", *_FORM),
    for_roles("billing:import", *BILLERS, Role.OPERATOR, methods=_FORM),
    for_roles("billing:import_apply", *BILLERS, Role.OPERATOR, arguments={"held_id": "held"}, methods=_FORM),
    _clerks("reports"),
    _clerks("report_new", *_FORM),
    _clerks("report", *_FORM, report_id="report"),
    _clerks("report_send", "POST", report_id="report"),
    _clerks("delivery_again", "POST", delivery_id="delivery"),
)
