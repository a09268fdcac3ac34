"""Sentences of the area: whom one may contact."""

from crm.texts import N_, NP_

CHANNEL_WORDS = {
    "email": NP_("channel", "email"),
    "phone": NP_("channel", "phone"),
    "sms": NP_("channel", "text message"),
    "post": NP_("channel", "post"),
}
MESSAGES = {
    "contact.do_not_contact": N_("Held back: do not contact"),
    "contact.no_consent": N_("Held back: no consent for %(channel)s"),
    "contact.too_often": N_("Held back: contacted too often lately"),
}
