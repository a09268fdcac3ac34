"""Believable data for a first look, for tests and benchmarks; the only part that knows what is shipped."""

from __future__ import annotations

from crm.demo.load import load_demo

__all__ = ["load_demo"]
