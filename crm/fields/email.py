"""E-mail addresses."""

from __future__ import annotations

import re
from typing import Any

from crm.fields.base import Field, Situation, TypeWords, refusal
from crm.fields.code import CodeType
from crm.fields.text_reading import shown
from crm.fields.words import address_keys
from crm.texts import N_, NP_

LONGEST = 254  # characters, RFC 5321
LONGEST_LOCAL = 64  # characters before the @
# What nearly every address looks like. The validator decides about everything else, and about names of the
# kind `.test` and `.local` that reach nobody.
_USUAL = re.compile(
    r"(?=.{1,64}@)[a-zA-Z0-9_+-]+(?:\.[a-zA-Z0-9_+-]+)*"
    r"@((?:[a-zA-Z0-9]{1,63}|(?!..--)[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])"
    r"(?:\.(?:[a-zA-Z0-9]{1,63}|(?!..--)[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]))*\.[a-zA-Z]{2,20})"
)
_NOBODY = ("arpa", "invalid", "local", "localhost", "onion", "test")


class EmailType(CodeType):
    """One e-mail address, the domain in lower case; whether it answers is not asked."""

    name = "email"
    words = TypeWords("mail", NP_("field.type", "Email"), N_("Email address, validated"))
    reaches = "mail"
    has_normal_form = True
    names_records = True
    header_words = "email e-mail mail emailaddress ηλταχυδρομειο adresaemail דואל"
    control = "email"
    longest = LONGEST

    def href(self, value: Any) -> str:
        """Return the address that reaches it."""
        return f"mailto:{value}"

    def judge(self, field: Field, text: str, situation: Situation) -> str:
        """Return the address; `mailto:` in front is dropped."""
        if text[:7].lower() == "mailto:":
            text = text[7:].partition("?")[0]
        usual = _USUAL.fullmatch(text) if len(text) <= LONGEST else None
        if usual is not None and not usual[1].lower().endswith(_NOBODY):
            return text[: usual.start(1)] + usual[1].lower()
        if len(text) > LONGEST or text.rfind("@") > LONGEST_LOCAL:
            raise refusal(field, "email.not_an_address", value=shown(text))
        from email_validator import EmailNotValidError, validate_email  # Few addresses come this far.

        try:
            return validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise refusal(field, "email.not_an_address", value=shown(text)) from error

    def search_key(self, field: Field, value: Any) -> str:
        """Return the folded address."""
        return address_keys(value) if value else ""
