"""Field types: what a field may hold, and everything that follows from it.

To add a type, write its class in a file of its own (subclass `FieldType`, set `name`, `kind`, `control`, and
the methods that differ), name it in `FIELD_TYPES`, put its sentences into `crm/messages/fields.py`. The tests
in `tests/crm/fields/test_every_field_type.py` then ask of it what they ask of all types.
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

FIELD_TYPES: dict[str, FieldType] = {
    cls.name: cls()
    for cls in (
        TextType, LongTextType, EmailType, UrlType, PhoneType, TaxIdType, IbanType,
        IntegerType, DecimalType, PercentType, MoneyType, RatingType,
        BooleanType, DateType, DateTimeType, ChoiceType, ChoicesType,
        ReferenceType, ReferencesType, UserType, FileType, ImageType,
        TagsType, LocationType, AddressType, SequenceType, FormulaType, SummaryType,
    )
}  # fmt: skip


def type_of(field: Field) -> FieldType:
    """Return the behaviour of a field's type."""
    return FIELD_TYPES[field.type]


def kind_of(field: Field) -> str:
    """Return what conditions and formulas see in a field: of a formula, the kind of its result."""
    return type_of(field).result(field).kind
