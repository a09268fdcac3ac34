"""Hours and working time in PostgreSQL, as `crm.conditions.tree.working` has them; SQLite asks Python."""

from __future__ import annotations

from crm.conditions.tree.numbers import MANY_DAYS
from crm.conditions.tree.working import MOST_DAYS, MOST_HOURS

HEAD = "CREATE OR REPLACE FUNCTION"
KIND = "LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE"
FIRST = "TIMESTAMP '0001-01-01'"
SECONDS_THERE_ARE = 315_537_897_600  # from the first moment of the years 1 to 9999 to their end

ADD_SECONDS = f"""{HEAD} crm_add_seconds(m timestamp, n numeric, unit integer) RETURNS timestamp {KIND} AS $$
DECLARE seconds numeric := trunc(n * unit); place numeric := extract(epoch FROM m - {FIRST})::numeric + seconds;
BEGIN
    IF abs(n) <= {MANY_DAYS * 24} AND place >= 0 AND place < {SECONDS_THERE_ARE} THEN
        RETURN m + make_interval(days => div(seconds, 86400)::integer, secs => mod(seconds, 86400)::integer);
    END IF;
    RETURN NULL;
END $$"""
HOURS_BETWEEN = f"""{HEAD} crm_hours_between(a timestamp, b timestamp) RETURNS numeric {KIND} AS $$
BEGIN RETURN crm_divide(extract(epoch FROM b - a)::numeric, 3600); END $$"""
CALENDAR = f"""{HEAD} crm_calendar(name text, known jsonb) RETURNS jsonb {KIND} AS $$
BEGIN RETURN COALESCE(known->COALESCE(name, ''), known->''); END $$"""
DAYS_TO = f"""{HEAD} crm_days_to(d date, works jsonb) RETURNS integer {KIND} AS $$
DECLARE number integer := d - DATE '0001-01-01' + 1; total integer := 0; place integer; work integer;
BEGIN
    FOR place IN 0..6 LOOP
        work := (works->>place)::integer;
        total := total + work * (number / 7) + CASE WHEN place < mod(number, 7) THEN work ELSE 0 END;
    END LOOP;
    RETURN total;
END $$"""
WORKING_DAYS = f"""{HEAD} crm_working_days(a date, b date, name text, known jsonb) RETURNS numeric {KIND} AS $$
DECLARE one jsonb := crm_calendar(name, known); extra integer;
BEGIN
    IF a IS NULL OR b IS NULL THEN RETURN NULL; END IF;
    IF b < a THEN RETURN -crm_working_days(b, a, name, known); END IF;
    SELECT COALESCE(sum(value::integer), 0) INTO extra FROM jsonb_each_text(one->'deltas')
        WHERE key::date > a AND key::date <= b;
    RETURN crm_days_to(b, one->'works') - crm_days_to(a, one->'works') + extra;
END $$"""  # noqa: S608 - only our own constants are put in
TO_UTC = f"""{HEAD} crm_to_utc(wall timestamp, zone text) RETURNS timestamp {KIND} AS $$
DECLARE found timestamp := timezone('UTC', timezone(zone, wall));
    hour timestamp := found - INTERVAL '1 hour';
BEGIN
    IF timezone(zone, timezone('UTC', hour)) = wall THEN RETURN hour; END IF;  -- of an hour that comes twice the first
    RETURN found;
END $$"""
ADD_WORKING = f"""{HEAD} crm_add_working(m timestamp, n numeric, name text, known jsonb) RETURNS timestamp {KIND} AS $$
DECLARE one jsonb; zone text; spans jsonb; span jsonb; day date; first date; begins timestamp; ends timestamp;
    left_over interval;
BEGIN
    IF m IS NULL OR n IS NULL OR n < 0 OR n > {MOST_HOURS} THEN RETURN NULL; END IF;
    left_over := make_interval(secs => trunc(n * 3600)::integer);
    IF left_over = INTERVAL '0' THEN RETURN m; END IF;
    one := crm_calendar(name, known);
    zone := one->>'zone';
    first := timezone(zone, timezone('UTC', m))::date;
    FOR day IN SELECT first + place FROM generate_series(0, {MOST_DAYS} - 1) AS place LOOP
        IF day >= DATE '9999-12-30' THEN RETURN NULL; END IF;
        spans := COALESCE(one->'days'->to_char(day, 'YYYY-MM-DD'),
                          one->'week'->(extract(isodow FROM day)::integer - 1));
        FOR span IN SELECT value FROM jsonb_array_elements(spans) LOOP
            begins := crm_to_utc(day + make_interval(mins => (span->>0)::integer), zone);
            ends := crm_to_utc(day + make_interval(mins => (span->>1)::integer), zone);
            begins := greatest(begins, m);
            IF ends > begins THEN
                IF ends - begins >= left_over THEN RETURN begins + left_over; END IF;
                left_over := left_over - (ends - begins);
            END IF;
        END LOOP;
    END LOOP;
    RETURN NULL;
END $$"""  # noqa: S608 - only our own constants are put in
FUNCTIONS = (ADD_SECONDS, HOURS_BETWEEN, CALENDAR, DAYS_TO, WORKING_DAYS, TO_UTC, ADD_WORKING)
"""The statements that create them, each after those it calls; `crm_divide` is there already."""
