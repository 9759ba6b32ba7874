# SPDX-License-Identifier: Apache-2.0
"""The roads as this installation has them, and the job that empties the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from avlest.insight.models import Browser
from avlest.insight.notify.channels import EmailSender, PushSender, Sender, SmsSender, make_push_key
from avlest.insight.notify.contracts import Channel
from avlest.insight.notify.options import NotifyOptions, read_notify_options
from avlest.insight.notify.outbox import do_send
from avlest.insight.notify.people import get_subscriptions
from avlest.project.jobs import Job

PUSH_KEY_FILE = "webpush.pem"


def make_senders(options: NotifyOptions) -> dict[Channel, Sender]:
    """Return the roads that are set up; e-mail always is, without a server it becomes files."""
    senders: dict[Channel, Sender] = {Channel.EMAIL: EmailSender()}
    if options.sms_url:
        senders[Channel.SMS] = SmsSender(options)
    if options.push_contact:
        key_file = settings.AVLEST.data_dir / PUSH_KEY_FILE
        make_push_key(key_file)
        senders[Channel.PUSH] = PushSender(
            key_file=key_file, contact=options.push_contact, find=get_subscriptions, forget=forget_browser
        )
    return senders


def forget_browser(endpoint: str) -> None:
    """Forget a browser that its maker no longer knows."""
    Browser.objects.filter(endpoint=endpoint).delete()


def send_messages(now: datetime) -> str:
    """Hand over what is due."""
    options = read_notify_options(settings.AVLEST)
    done = do_send(make_senders(options), now=now, most=options.most_a_minute)
    return f"{done.sent} sent, {done.again} to be tried again, {done.failed} failed"


SEND_JOB = Job("send_messages", timedelta(minutes=1), send_messages)
