"""Notifications: left once per occasion, counted, read."""

from __future__ import annotations

import pytest

from crm import notifications
from crm.errors import NotFoundError
from crm.notifications import Notice, add_notification


def test_the_same_occasion_is_told_once(session):
    assert add_notification(session, Notice(1, "Hello", key="run:1"))
    assert not add_notification(session, Notice(1, "Hello", key="run:1"))
    assert add_notification(session, Notice(1, "Hello"))
    assert notifications.count_unread(session, 1) == 2


def test_the_newest_comes_first_and_pages_go_back(session):
    for number in range(5):
        add_notification(session, Notice(1, {"en": f"N{number}", "el": f"Ν{number}"}))
    found = notifications.list_notifications(session, 1, limit=2)
    assert [row["text"].get("el") for row in found] == ["Ν4", "Ν3"]
    older = notifications.list_notifications(session, 1, limit=2, before=found[-1]["id"])
    assert [row["text"].get("en") for row in older] == ["N2", "N1"]


def test_only_ones_own_are_read(session):
    add_notification(session, Notice(1, "Hello"))
    number = notifications.list_notifications(session, 1)[0]["id"]
    with pytest.raises(NotFoundError):
        notifications.mark_read(session, 2, number, session.clock())
    notifications.mark_read(session, 1, number, session.clock())
    assert notifications.count_unread(session, 1) == 0


def test_counting_ends_at_the_number_the_bell_can_show(session):
    for _ in range(notifications.MAX_COUNT + 5):
        add_notification(session, Notice(1, "Hello"))
    assert notifications.count_unread(session, 1) == notifications.MAX_COUNT + 1
    assert notifications.mark_all_read(session, 1, session.clock()) == notifications.MAX_COUNT + 5
