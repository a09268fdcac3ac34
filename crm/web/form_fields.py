"""What a form control needs to be drawn: the contract between pages that have forms and `ui.field()`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One thing that can be chosen: what is sent, what is read, and its colour, if it has one."""

    value: str
    label: str
    color: str = ""


@dataclass(frozen=True)
class FormField:
    """One field of a form, ready to be drawn by `crm/web/templates/fields/<control>.html`.

    Shape:  `value` is the text the control shows, as `FieldType.form_text` gives it. `values` are the chosen
            values of multi, tags and several references, whose labels are in `options`; a lookup's `options`
            hold only what is chosen, the rest comes from `lookup_url`. `direction` is "auto" for words, "ltr"
            for codes, phones, mails and numbers. `hint` is the format wanted, read inside an empty control.
            `unit` stands beside a number (a currency or %). `create_url` opens a form for what was not found.
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
    create_url: str = ""
    prefix: str = "field"

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
