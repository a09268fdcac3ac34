"""Field types: what a field may hold, and everything that follows from it.

To add a type, write its class in a file of its own and name it in `FIELD_TYPES`: `docs/extending/field_type.md` is the
recipe. The tests in `tests/crm/fields/test_every_field_type.py` then ask of it what they ask of all types.
"""

from __future__ import annotations

from crm.fields.address import AddressType
from crm.fields.base import Field, FieldType
from crm.fields.boolean import BooleanType
from crm.fields.choice import ChoicesType, ChoiceType
from crm.fields.computed import FormulaType, SummaryType
from crm.fields.date import DateTimeType, DateType
from crm.fields.email import EmailType
from crm.fields.file import FileType, ImageType
from crm.fields.iban import IbanType
from crm.fields.location import LocationType
from crm.fields.money import MoneyType
from crm.fields.number import DecimalType, IntegerType, PercentType, RatingType
from crm.fields.phone import PhoneType
from crm.fields.reference import ReferencesType, ReferenceType, UserType
from crm.fields.sequence import SequenceType
from crm.fields.tags import TagsType
from crm.fields.tax_id import TaxIdType
from crm.fields.text import LongTextType, TextType
from crm.fields.url import UrlType
from crm.messages import add_messages

FIELD_TYPES: dict[str, FieldType] = {
    cls.name: cls()
    for cls in (
        TextType, LongTextType, ChoiceType, ChoicesType, BooleanType,
        IntegerType, DecimalType, PercentType, MoneyType, RatingType, DateType, DateTimeType,
        ReferenceType, ReferencesType, UserType, EmailType, PhoneType, UrlType, AddressType, LocationType,
        TagsType, TaxIdType, IbanType, FileType, ImageType, SequenceType, FormulaType, SummaryType,
    )
}  # fmt: skip
"""Every type, in the order in which the editor offers them."""

UNKNOWN = FieldType()

for _type in FIELD_TYPES.values():
    add_messages(_type.sentences)


def type_of(field: Field) -> FieldType:
    """Return the behaviour of a field's type."""
    return FIELD_TYPES[field.type]


def type_named(name: object) -> FieldType:
    """Return the behaviour of what a document names as a type; of an unknown one a type that says no to everything."""
    return FIELD_TYPES.get(name, UNKNOWN) if isinstance(name, str) else UNKNOWN


def kind_of(field: Field) -> str:
    """Return what conditions and formulas see in a field: of a formula, the kind of its result."""
    return type_of(field).result(field).kind
