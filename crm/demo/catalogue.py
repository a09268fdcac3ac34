"""Products, campaigns and competitors: what all customers of the demo data share."""

from __future__ import annotations

import datetime as dt

from crm.demo.model import Catalogue, Piece, exact
from crm.demo.sentences import CAMPAIGNS, COMPETITORS, PRODUCTS

FIRST_DAYS = 560  # days ago, when the CRM was first used


def build_catalogue(day: dt.date) -> Catalogue:
    """Return the records that others refer to, as they stand on a day."""
    began = dt.datetime.combine(day, dt.time(7)) - dt.timedelta(days=FIRST_DAYS)
    products = tuple(_product(row, began + dt.timedelta(minutes=place)) for place, row in enumerate(PRODUCTS))
    campaigns = tuple(_campaign(row, day) for row in CAMPAIGNS)
    competitors = tuple(
        Piece(
            "competitor",
            {"name": name, "website": f"https://{name.lower().replace(' ', '-')}.example.org"},
            began,
            "maria",
        )
        for name in COMPETITORS
    )
    return Catalogue(products, campaigns, competitors)


def _product(row: tuple, at: dt.datetime) -> Piece:
    code, name, category, price, cost, warranty = row
    values = {
        "code": code,
        "name": name,
        "category": category,
        "price": exact(price),
        "cost": exact(cost),
        "stock": 0 if category in ("software", "service") else 5 + price % 37,
        "warranty_months": warranty,
        "sold": True,
    }
    return Piece("product", values, at, "maria")


def _campaign(row: tuple, day: dt.date) -> Piece:
    name, status, channels, start, end, budget = row
    is_ended = status == "ended"
    values = {
        "name": name,
        "status": status,
        "channels": tuple(channels),
        "starts_on": day - dt.timedelta(days=start),
        "ends_on": day - dt.timedelta(days=end),
        "goal": "win_back" if channels == ("phone",) else "customers",
        "goal_value": exact(budget // 100),
        "reached": exact(budget // (90 if is_ended else 300)) if status != "planned" else exact(0),
        "budget": exact(budget),
        "spent": exact(budget * 9 // 10 if is_ended else budget // 3) if status != "planned" else exact(0),
    }
    owner = "dana" if channels == ("phone",) else "katerina"
    at = dt.datetime.combine(day - dt.timedelta(days=max(start, 0) + 20), dt.time(9))
    return Piece("campaign", values, at, "katerina", people={"owner": owner})
