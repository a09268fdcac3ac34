"""What time zones are called: by their cities and countries, as CLDR has them."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global

from crm.fields.alphabet import sort_key
from crm.fields.locales import locale_of

WORLD = "UTC"


@cache
def zone_names(language: str) -> dict[str, str]:
    """Return the names of the zones people live in, in the order of a language; old names of a zone are left out.

    Source: CLDR, metaZones and exemplarCity.

    >>> zone_names("el")["Europe/Athens"], zone_names("ro")["America/New_York"]
    ('Αθήνα (Ελλάδα)', 'New York (Statele Unite ale Americii)')
    """
    locale, known = locale_of(language), available_timezones()
    names = {WORLD: WORLD}
    for zone, territory in get_global("zone_territories").items():
        country = locale.territories.get(territory, "")
        if zone in known and len(territory) == 2 and country and territory != "ZZ":
            city = locale.time_zones.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " ")
            names[zone] = f"{city} ({country})"
    return dict(sorted(names.items(), key=lambda pair: sort_key(pair[1], language)))
