"""A person's day: what is overdue, of today and later, moves that can be taken back, and what others changed."""

from __future__ import annotations

import datetime as dt

import pytest

from crm.errors import NotFoundError, RecordError
from crm.records import moves
from crm.records.news import news_since_yesterday
from crm.records.service import update_record
from crm.records.sources import my_day, occasions, sources_of
from tests.factories import make_activity, make_campaign, make_complaint, make_customer, make_deal, user_id

NOW = dt.datetime(2026, 11, 30, 9, 0)  # a Monday, 11:00 in Athens


@pytest.fixture
def mine(session, clock):
    """A call, a task or a visit of the salesperson at a moment, UTC."""
    clock.now = NOW
    owner = user_id(session, "sales")
    customer = make_customer(session, name="Aegean Foods", owner=owner, phone="+30 210 1234567")

    def plan(subject: str, at: str, **values):
        return make_activity(session, subject=subject, at=at, customer=customer, **{"owner": owner, **values})

    return plan


def titles(found) -> list[str]:
    """Return what occasions are about."""
    return [one.row.get("subject") or one.row.get("name") for one in found]


@pytest.mark.both_databases("the conditions are SQL of our own")
def test_a_day_has_what_is_overdue_today_and_later_by_time(mine, session, session_as) -> None:
    mine("Last week", "2026-11-23T08:00:00Z")
    mine("Done long ago", "2026-11-22T08:00:00Z", done=True)
    mine("Late in the evening", "2026-11-30T21:59:00Z")
    mine("In the morning", "2026-11-30T06:00:00Z")
    mine("Past midnight", "2026-11-30T22:00:00Z")
    mine("In ten days", "2026-12-10T08:00:00Z")
    mine("Of somebody else", "2026-11-30T08:00:00Z", owner=user_id(session, "admin"))
    session.commit()
    day = my_day(session_as("sales"))
    assert titles(day.overdue) == ["Last week"] and not day.has_more
    assert titles(day.today) == ["In the morning", "Late in the evening"]
    assert titles(day.later) == ["Past midnight"]


def test_the_day_is_that_of_the_persons_time_zone(mine, session, session_as) -> None:
    from dataclasses import replace
    from zoneinfo import ZoneInfo

    mine("Nine in the evening in New York", "2026-12-01T02:00:00Z")
    session.commit()
    sales = session_as("sales")
    assert titles(my_day(sales).later) == ["Nine in the evening in New York"]
    sales.actor = replace(sales.actor, time_zone=ZoneInfo("America/New_York"))
    assert titles(my_day(sales).today) == ["Nine in the evening in New York"]


@pytest.mark.both_databases("choices that mean done are SQL of our own")
def test_a_choice_says_what_is_done_and_what_lasts_is_not_overdue(mine, session, session_as) -> None:
    owner = user_id(session, "manager")
    for name, stage in (("Open deal", "offer"), ("Won deal", "won")):
        make_deal(session, name=name, stage=stage, closes_on="2026-11-20", owner=owner)
    make_complaint(
        session, subject="Due at noon", owner=owner, opened_at="2026-11-28", due_at="2026-11-30T10:00:00Z"
    )
    lasting = {"owner": owner, "starts_on": "2026-11-01", "status": "running"}
    make_campaign(session, name="Still running", ends_on="2026-12-24", **lasting)
    make_campaign(session, name="Should have ended", ends_on="2026-11-24", **lasting)
    session.commit()
    day = my_day(session_as("manager"))
    assert sorted(titles(day.overdue)) == ["Open deal", "Should have ended"]
    assert titles(day.today) == ["Still running", "Due at noon"]


@pytest.mark.both_databases("days of the year are SQL of our own")
def test_birthdays_come_back_every_year(mine, session, session_as) -> None:
    owner = user_id(session, "sales")
    for name, day in (("Today", "1980-11-30"), ("Next week", "1999-12-06"), ("In summer", "1970-07-01")):
        make_customer(session, name=name, kind="person", born_on=day, owner=owner)
    session.commit()
    sales = session_as("sales")
    day = my_day(sales)
    assert (titles(day.today), titles(day.later)) == (["Today"], ["Next week"])
    (source,) = [source for source in sources_of(sales) if source.is_yearly]
    found = occasions(sales, source, None, dt.date(2027, 6, 1), dt.date(2028, 8, 1))
    assert [(one.span.first.year, one.row["name"]) for one in found if one.row["name"] == "In summer"] == [
        (2027, "In summer"),
        (2028, "In summer"),
    ]


def test_what_is_hidden_or_out_of_reach_is_in_no_day(mine, session, session_as) -> None:
    names = {source.entity.name for source in sources_of(session_as("marketing"))}
    assert "activity" not in names or "read" in session_as("marketing").actor.rights("activity").can
    cashier = session_as("cashier")
    assert all("read" in cashier.actor.rights(source.entity.name).can for source in sources_of(cashier))


def test_a_tick_is_taken_back(mine, session, session_as) -> None:
    number = mine("Call", "2026-11-30T08:00:00Z").id
    session.commit()
    sales = session_as("sales")
    activity = sales.workspace.schema.entities["activity"]
    before = moves.tick(sales, activity, number)
    assert before == {"done": "false"} and my_day(sales).today == []
    moves.put_back(sales, activity, number, before)
    assert titles(my_day(sales).today) == ["Call"]


@pytest.mark.parametrize(
    ("until", "wanted"),
    [
        ("hour", "2026-11-30T10:00:00"),
        ("tomorrow", "2026-12-01T08:30:00"),
        ("week", "2026-12-07T08:30:00"),
    ],
)
def test_what_is_put_off_keeps_its_hour_and_can_be_put_back(mine, session, session_as, until, wanted) -> None:
    number = mine("Call", "2026-11-26T08:30:00Z").id
    session.commit()
    sales = session_as("sales")
    activity = sales.workspace.schema.entities["activity"]
    before = moves.snooze(sales, activity, number, until)
    record = sales.get(sales.workspace.models["activity"], number)
    assert record.at.isoformat() == wanted and before == {"from": "2026-11-26T08:30:00Z"}
    moves.put_back(sales, activity, number, before)
    assert record.at == dt.datetime(2026, 11, 26, 8, 30)


def test_a_night_without_an_hour_moves_on_and_the_hour_that_comes_twice_is_the_first(
    mine, session, session_as, clock
) -> None:
    number = mine("Call", "2026-03-28T01:30:00Z").id  # 03:30 in Athens
    session.commit()
    clock.now = dt.datetime(2026, 3, 28, 12)
    sales = session_as("sales")
    activity = sales.workspace.schema.entities["activity"]
    record = sales.get(sales.workspace.models["activity"], number)
    moves.snooze(sales, activity, number, "tomorrow")
    assert record.at == dt.datetime(2026, 3, 29, 1, 30)  # 04:30: there is no 03:30
    moves.move(sales, activity, number, "2026-10-25T03:30")
    assert record.at == dt.datetime(2026, 10, 25, 0, 30)
    moves.move(sales, activity, number, "26/10/2026")
    assert record.at == dt.datetime(2026, 10, 26, 1, 30)  # the hour stays


def test_what_lasts_moves_as_a_whole_and_ends_where_it_is_told(mine, session, session_as) -> None:
    number = make_campaign(session, starts_on="2026-12-01", ends_on="2026-12-05").id
    session.commit()
    chief = session_as("marketing")
    campaign = chief.workspace.schema.entities["campaign"]
    record = chief.get(chief.workspace.models["campaign"], number)
    before = moves.move(chief, campaign, number, "2026-12-03")
    assert (record.starts_on.day, record.ends_on.day) == (3, 7)
    assert before == {"from": "2026-12-01", "to": "2026-12-05"}
    moves.move(chief, campaign, number, "2026-12-03", "2026-12-04")
    assert (record.starts_on.day, record.ends_on.day) == (3, 4)
    moves.put_back(chief, campaign, number, before)
    assert (record.starts_on.day, record.ends_on.day) == (1, 5)


def test_nonsense_is_refused_and_nobody_moves_what_is_out_of_reach(mine, session, session_as) -> None:
    number = mine("Call", "2026-11-30T08:00:00Z").id
    session.commit()
    activity = session.workspace.schema.entities["activity"]
    sales = session_as("sales")
    for text in ("", "soon", "2026-13-40", "2026-11-30T99:00"):
        with pytest.raises(RecordError):
            moves.move(sales, activity, number, text)
    with pytest.raises(RecordError):
        moves.snooze(sales, activity, number, "never")
    sales.rollback()
    with pytest.raises(NotFoundError):
        moves.tick(session_as("external_agent"), activity, number)


def test_news_are_what_others_changed_in_what_names_me_without_what_is_hidden(
    mine, session, session_as, clock
) -> None:
    number = make_customer(session, name="Mine", owner=user_id(session, "sales")).id
    make_customer(session, name="Theirs", owner=user_id(session, "admin"))
    old = make_deal(session, name="Old", owner=user_id(session, "sales")).id
    session.commit()
    clock.now = NOW + dt.timedelta(days=2)
    schema = session.workspace.schema
    boss = session_as("admin")
    update_record(boss, schema.entities["customer"], number, {"credit_limit": "5", "city": "Volos"})
    boss.commit()
    own = session_as("sales")
    update_record(own, schema.entities["deal"], old, {"name": "Changed by me"})
    own.commit()
    (found,) = news_since_yesterday(own)
    own.rollback()
    assert (found.title, found.fields) == ("Mine", ("City",))
    assert news_since_yesterday(session_as("viewer")) == []


@pytest.mark.both_databases("each plans by itself")
def test_days_and_reminders_are_found_by_index(mine, session, session_as) -> None:
    from tests.counting import statements

    fill(session)
    session.commit()
    sales = session_as("sales")
    with statements(sales.get_bind()) as asked:
        my_day(sales)
    assert len(asked) <= 20
    sales.rollback()
    assert_indexed(session, "activity")


def fill(session) -> None:
    """Store activities of ten people over years, few of them open, without their history."""
    import sqlalchemy as sa

    cls = session.workspace.models["activity"]
    usual = {"created_at": NOW, "updated_at": NOW, "row_version": 1, "kind": "call", "subject": "x"}
    rows = [
        {**usual, "at": NOW - dt.timedelta(hours=7 * number), "owner_id": number % 11, "done": number % 4 > 0}
        for number in range(4_000)
    ]
    session.connection().execute(sa.insert(cls.__table__), rows)


def assert_indexed(session, name: str) -> None:
    """Assert that the plans of a person's calendar and of what is open use the indexes made for them."""
    import sqlalchemy as sa

    from crm.revisions.calendar import calendar_indexes, is_open

    cls = session.workspace.models[name]
    entity, table = cls.__entity__, cls.__table__
    names = {
        index.name.split("_calendar_")[1].split("_")[0]: index.name
        for index in calendar_indexes(entity, table)
    }
    assert set(names) == {"person", "open", "due"}
    connection = session.connection()
    connection.execute(sa.text("ANALYZE activity"))
    at, person, open_ones = cls.at, cls.owner_id == 1, is_open(entity, cls.done)
    asked = {
        "open": sa.select(cls.id).where(person, open_ones, at < NOW).order_by(at.desc()),
        "person": sa.select(cls.id).where(person, at >= NOW, at < NOW).order_by(at),
        "due": sa.select(cls.id, cls.owner_id).where(
            open_ones, at > NOW - dt.timedelta(minutes=2), at <= NOW
        ),
    }
    for kind, statement in asked.items():
        written = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
        plan = "\n".join(
            str(row[-1]) for row in connection.execute(sa.text(explain + written.replace(":", "\\:")))
        )
        allowed = (names[kind], names["open"]) if kind == "due" else (names[kind],)
        assert any(one in plan for one in allowed), (kind, plan)
