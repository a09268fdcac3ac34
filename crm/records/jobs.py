"""What the scheduler calls for records."""

from __future__ import annotations

from config import current_settings
from crm.database import build_engine
from crm.records.files import sweep_uploads


def sweep() -> None:
    """Destroy uploads that were never saved with a record."""
    settings = current_settings()
    sweep_uploads(build_engine(settings.database_url), settings.files_url)
