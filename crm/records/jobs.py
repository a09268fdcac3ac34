"""What workers and the scheduler call for records."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from config import current_settings
from crm import queue
from crm.database import build_engine, utcnow
from crm.records import rekey, reminders, rotation, word_rests
from crm.records.bin import empty_old
from crm.records.files import sweep_uploads
from crm.runtime.scheduler import Tick
from crm.workshop import Workshop

REBUILD, MERGE = "records.rebuild_search_keys", "records.merge_words"


def sweep() -> None:
    """Destroy uploads that were never saved with a record."""
    settings = current_settings()
    sweep_uploads(build_engine(settings.database_url), settings.files_url)


def rebuild_search_keys() -> None:
    """Rewrite search keys that are outdated. Safe to repeat: it continues where it stopped."""
    rekey.rebuild_search_keys(build_engine(current_settings().database_url))


def sweep_search_keys() -> None:
    """Ring again while search keys wait that nobody writes."""
    if rekey.has_work(build_engine(current_settings().database_url)):
        queue.ring(REBUILD)


def rebuild_soon(engine: sa.Engine) -> None:
    """Leave search keys that wait to the workers."""
    if rekey.has_work(engine):
        queue.ring_or_do(REBUILD, lambda: rekey.rebuild_search_keys(engine))


def reseal() -> None:
    """Seal by the first key what older ones sealed. Safe to repeat: it goes on where it stopped."""
    rotation.reseal_everything(build_engine(current_settings().database_url))


def remind() -> None:
    """Tell people what is due. Safe to repeat: each is told once."""
    settings = current_settings()
    workshop = Workshop(build_engine(settings.database_url))
    reminders.remind(workshop, settings.language, settings.time_zone)


def empty_bin() -> None:
    """Delete permanently what has been in the bin for long enough. Safe to repeat and to interrupt."""
    settings = current_settings()
    empty_old(build_engine(settings.database_url), utcnow() - dt.timedelta(days=settings.bin_keep_days))


def merge_words() -> None:
    """Leave no word of deleted records and former values in SQLite's index. Safe to repeat and to interrupt."""
    word_rests.merge_words(build_engine(current_settings().database_url))


def merge_words_soon(engine: sa.Engine) -> None:
    """Do so within moments: what was deleted permanently, or erased, is to be found nowhere."""
    if engine.dialect.name == "sqlite":
        queue.ring_or_do(MERGE, lambda: word_rests.merge_words(engine))


JOBS = (
    queue.Declared(REBUILD, rebuild_search_keys),
    queue.Declared(rotation.JOB, reseal),
    queue.Declared(MERGE, merge_words),
)
TICKS = (
    Tick("what is due for people", remind),
    Tick("uploads nobody saved", sweep),
    Tick("search keys nobody writes", sweep_search_keys),
    Tick("what is old in the bin", empty_bin),
    Tick("words that are gone", merge_words, "merge_words_seconds"),
)
