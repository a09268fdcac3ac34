"""What a form control needs to be drawn: the contract between pages that have forms and `ui.field()`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm.texts import Phrase
from crm.web.language import spoken


@dataclass(frozen=True)
class Option:
    """One thing that can be chosen: what is sent, what is read, and its colour or its picture, if it has one."""

    value: str
    label: str
    color: str = ""
    image: str = ""


@dataclass(frozen=True)
class FormField:
    """One field of a form, ready to be drawn by `crm/web/templates/fields/<control>.html`.

    Shape:  `value` is the text the control shows, as `FieldType.form_text` gives it. `values` are the chosen
            values of multi, tags and several references, whose labels are in `options`; a lookup's `options`
            hold only what is chosen, the rest comes from `lookup_url`. `direction` is "auto" for words, "ltr"
            for codes, phones, mails and numbers. `hint` is the format wanted, read inside an empty control.
            `unit` stands beside a number (a currency or %).
            Sent back: a checkbox as "false" and then perhaps "true" (take the last); multi, lookups and tags as
            several values with an empty one at the end (drop it); an upload as the numbers of the files that
            stay and an empty one, with new files under `upload-<name>`; everything else as one value.
    """

    name: str
    label: str
    control: str = "text"
    value: str = ""
    values: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    error: str = ""
    help: str = ""
    hint: str = ""
    unit: str = ""
    required: bool = False
    read_only: bool = False
    max_length: int | None = None
    direction: str = "auto"
    lookup_url: str = ""
    accept: str = (
        ""  # of an upload: what the browser offers, what people read of it, and where files are sent at once
    )
    accepted: str = ""
    upload_url: str = ""
    limit_mb: int = 0
    many: bool = False
    prefix: str = "field"
    sends_empty: bool = True  # say so when nothing is ticked or chosen

    @property
    def id(self) -> str:
        """Return the id of the control in the page."""
        return f"{self.prefix}-{self.name}"

    @property
    def is_wide(self) -> bool:
        """Tell whether the control takes the whole width of the form."""
        return self.control == "textarea"

    @property
    def described_by(self) -> str:
        """Return the ids of the texts that explain the control, for screen readers."""
        parts = ((self.error, "error"), (self.help, "help"))
        return " ".join(f"{self.id}-{name}" for text, name in parts if text)


# Which control draws a field of Flask-AppBuilder's own forms; its own widgets speak Bootstrap 3.
CONTROLS = {
    "BooleanField": "checkbox",
    "PasswordField": "password",
    "TextAreaField": "textarea",
    "DateField": "date",
    "DateTimeField": "datetime",
    "IntegerField": "number",
    "DecimalField": "number",
    "FloatField": "number",
    "SelectField": "select",
    "EnumField": "select",
    "QuerySelectField": "select",
    "SelectMultipleField": "multi",
    "QuerySelectMultipleField": "multi",
}
NOTHING = ("", "__None")  # what WTForms sends for no choice


def from_wtforms(field: Any, prefix: str = "field") -> FormField:
    """Return a field of one of Flask-AppBuilder's forms as ours."""
    control = CONTROLS.get(field.type, "text")
    choices = list(field.iter_choices()) if control in ("select", "multi") else []
    chosen = tuple(str(choice[0]) for choice in choices if choice[2] and str(choice[0]) not in NOTHING)
    return FormField(
        name=field.name,
        label=say(field.label.text),
        control=control,
        value=chosen[0] if control == "select" and chosen else text_of(field, control),
        values=chosen,
        options=tuple(
            Option(str(value), str(label)) for value, label, *_ in choices if str(value) not in NOTHING
        ),
        error=say(field.errors[0]) if field.errors else "",
        help=say(field.description),
        required=bool(field.flags.required),
        direction="ltr" if field.name in ("username", "email") else "auto",
        prefix=prefix,
        sends_empty=False,
    )


def text_of(field: Any, control: str) -> str:
    """Return what a WTForms field shows in its control."""
    if control == "checkbox":
        return "true" if field.data else "false"
    if control in ("select", "multi", "password"):
        return ""
    value = field._value() if hasattr(field, "_value") else field.data
    return "" if value is None else str(value)


def problems_of(form: Any, prefix: str = "field") -> list[tuple[str, str, str]]:
    """Return what was wrong in a WTForms form, for `ui.error_summary`: (id, label, message)."""
    found = []
    for name, messages in form.errors.items():
        label = say(form[name].label.text) if name and name in form else ""
        found.append((f"{prefix}-{name}" if label else "", label, say(next(iter(messages)))))
    return found


def say(text: Any) -> str:
    """Return a text of Flask-AppBuilder's in the reader's language."""
    plain = text if isinstance(text, Phrase) else str(text or "")
    return spoken(plain) if plain else ""
