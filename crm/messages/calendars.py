"""Sentences of the area: business calendars."""

from crm.texts import N_

MESSAGES = {
    "calendar.bad_times": N_("“%(value)s” is not a time range. Enter one like 09:00-17:00."),
    "calendar.times_overlap": N_("“%(value)s” begins before the times above it end."),
    "calendar.too_many_times": N_("Too many times in one day. Limit: %(limit)s."),
    "calendar.too_many_days": N_("Too many single days. Limit: %(limit)s."),
    "calendar.never_open": N_("Enter working hours for at least one weekday."),
    "calendar.bad_day": N_("“%(value)s” is not a day. Enter it like 2026-12-24."),
    "calendar.bad_zone": N_("There is no time zone “%(value)s”. Enter one like Europe/Athens."),
    "calendar.two_defaults": N_("“%(name)s” is the default calendar already. Only one can be."),
    "schema.unknown_country": N_("The holidays of “%(name)s” are not known. Use one of: %(known)s."),
    "schema.unknown_country_near": N_("The holidays of “%(name)s” are not known. Did you mean “%(near)s”?"),
}
