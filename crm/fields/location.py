"""A point on the map."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import sqlalchemy as sa

from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.text_reading import code_text, shown
from crm.texts import N_, NP_

_DEGREES = r"([-+]?[0-9]{1,3}(?:\.[0-9]{1,20})?)°?"
_POINT = re.compile(rf"(?:geo:)?\(?{_DEGREES} *([NS]?)(?: *[,;] *| +){_DEGREES} *([EW]?)\)?", re.IGNORECASE)
_STEP = Decimal("0.000001")  # degrees, a tenth of a metre


class LocationType(FieldType):
    """Latitude and longitude in degrees.

    Shape:  text `37.983810,23.727539` with six decimal places; the point is the decimal mark
            in every language.
    """

    name = "location"
    words = TypeWords("map-pin", NP_("field.type", "Location"), N_("A point on the map"))
    is_indexable = False
    kind = "none"
    control = "location"
    left_to_right = True

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return VARCHAR."""
        return sa.String(24)

    def clean(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the point out of `lat, lon`, a list of two numbers, or a map with `lat` and `lon`."""
        if isinstance(value, dict):
            value = [value.get("lat"), value.get("lon", value.get("lng"))] if len(value) == 2 else ["", ""]
        if isinstance(value, (list, tuple)):
            is_pair = len(value) == 2 and not any(isinstance(one, (bool, list, tuple, dict)) for one in value)
            value = f"{value[0]},{value[1]}" if is_pair else "?"
        text = code_text(field, value)
        if not text:
            return None
        found = _POINT.fullmatch(text) if len(text) < 100 else None
        if found is None:
            raise refusal(field, "location.not_a_point", value=shown(text))
        latitude, longitude = self._degrees(found[1], found[2]), self._degrees(found[3], found[4])
        if abs(latitude) > 90 or abs(longitude) > 180:
            raise refusal(field, "location.not_a_point", value=shown(text))
        return f"{latitude},{longitude}"

    @staticmethod
    def _degrees(digits: str, side: str) -> Decimal:
        degrees = Decimal(digits).quantize(_STEP, ROUND_HALF_EVEN)
        return (-degrees if side.upper() in ("S", "W") else degrees) + 0

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the point as a map's search box takes it."""
        return value.replace(",", ", ") if value else ""
