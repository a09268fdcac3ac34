"""What happened with a customer: deals, contracts, complaints, purchases, activities."""

from __future__ import annotations

import datetime as dt
from itertools import combinations

from crm.demo.model import Piece, exact
from crm.demo.sentences import ACTIVITIES, COMPLAINTS, CONTRACTS, DEALS, NEEDS, NEXT_STEPS, RESOLUTIONS
from crm.demo.story import Story
from crm.demo.users import helper

DEAL_SIZES = {
    "enterprise": (15, 90),
    "mid_market": (4, 25),
    "small": (1, 8),
    "public": (4, 30),
    "consumer": (1, 3),
}
PURCHASES = {"enterprise": 12, "mid_market": 9, "small": 6, "public": 5, "consumer": 4}
CHANNELS = {
    "call": ("phone", "mobile"), "visit": ("direct",), "meeting": ("direct",), "mail": ("email", "fax"),
    "chat": ("chat", "social"), "note": (None,), "task": (None,),
}  # fmt: skip
ENDS = ((-240, 500), (-240, 500), (-240, 500), (-20, 45))  # days from today
ROUTE = ("prospect", "qualified", "offer", "negotiation")
CHANCE = {"prospect": 20, "qualified": 40, "offer": 60, "negotiation": 80, "won": 100, "lost": 0}
NEED_PAIRS = tuple(combinations(("price", "quality", "delivery", "service", "training"), 2))
DAY = dt.timedelta(days=1)


def tell(story: Story) -> list[Piece]:
    """Return everything that belongs to a customer, what others refer to first."""
    deals = tell_deals(story)
    contracts = tell_contracts(story)
    complaints = tell_complaints(story, contracts)
    purchases = tell_purchases(story)
    note_revenue(story, purchases)
    return [*deals, *contracts, *complaints, *purchases, *tell_activities(story, deals, complaints)]


def tell_deals(story: Story) -> list[Piece]:
    """Return the deals of the last 18 months, each with its way through the stages."""
    count = story.random.choice((0, 1, 1, 2)) + (story.segment in ("enterprise", "mid_market"))
    oldest = max(2, min(540, story.days_known() - 1))
    return [_deal(story, story.random.randrange(1, oldest)) for _ in range(count)]


def _deal(story: Story, days_ago: int) -> Piece:
    random = story.random
    low, high = DEAL_SIZES[story.segment]
    values = {
        "name": random.choice(DEALS[story.language]),
        "stage": "prospect",
        "amount": exact(random.randrange(low * 10, high * 10) * 100),
        "probability": exact(CHANCE["prospect"]),
        "closes_on": story.day + DAY * random.randrange(10, 120),
        "needs": random.choice(NEED_PAIRS),
        "needs_detail": random.choice(NEEDS[story.language]),
        "next_step": random.choice(NEXT_STEPS[story.language]),
        "next_step_on": story.day + DAY * random.randrange(1, 20),
    }
    links = {"customer": story.customer, **story.contact()}
    if "campaign" in story.customer.links and random.random() < 0.5:
        links["campaign"] = story.customer.links["campaign"]
    deal = Piece(
        "deal", values, story.moment(days_ago), story.customer.by, links, dict(story.customer.people)
    )
    _walk(story, deal)
    return deal


def _walk(story: Story, deal: Piece) -> None:
    """Move a deal along its stages; old ones end won or lost, young ones are still open."""
    random, moment = story.random, deal.at
    steps = random.randrange(1, 5) if random.random() < 0.9 else 0
    for stage in ROUTE[1:][: max(0, steps - 1)]:
        moment += DAY * random.randrange(3, 21)
        if moment.date() >= story.day:
            return
        deal.later.append((moment, {"stage": stage, "probability": exact(CHANCE[stage])}, deal.by))
    moment += DAY * random.randrange(3, 30)
    if moment.date() >= story.day or random.random() < 0.12:
        return
    deal.later.append((moment, _ending(story, deal, moment.date()), deal.by))


def _ending(story: Story, deal: Piece, day: dt.date) -> dict:
    is_won = story.random.random() < (0.25 if story.status == "lead" else 0.55)
    if is_won:
        return {
            "stage": "won",
            "probability": exact(100),
            "closes_on": day,
            "next_step": None,
            "next_step_on": None,
        }
    reason = story.random.choice(("price", "competitor", "timing", "no_answer", "no_need"))
    if reason == "competitor":
        deal.links["competitor"] = story.random.choice(story.catalogue.competitors)
    ending = {"stage": "lost", "probability": exact(0), "closes_on": day, "lost_reason": reason}
    return ending | {"next_step": None, "next_step_on": None}


def tell_contracts(story: Story) -> list[Piece]:
    """Return contracts whose ends lie around today."""
    if story.status == "lead" or story.segment == "consumer" or story.random.random() < 0.35:
        return []
    return [_contract(story, place) for place in range(story.random.choice((1, 1, 2)))]


def _contract(story: Story, place: int) -> Piece:
    random = story.random
    kind = random.choice(tuple(CONTRACTS[story.language]))
    ends_on = story.day + DAY * random.randrange(*random.choice(ENDS))
    starts_on = ends_on - DAY * random.choice((365, 730))
    is_over = ends_on < story.day
    values = {
        "number": f"{story.country}-{starts_on.year}-{story.number:05}-{place + 1}",
        "name": CONTRACTS[story.language][kind],
        "kind": kind,
        "status": "expired" if is_over else random.choices(("active", "cancelled"), (19, 1))[0],
        "starts_on": starts_on,
        "ends_on": ends_on,
        "value": exact(DEAL_SIZES[story.segment][0] * random.randrange(4, 30) * 100),
        "auto_renew": not is_over and random.random() < 0.3,
        "response_hours": random.choice((4, 8, 24, 48)),
        "warranty_until": starts_on + DAY * 730 if kind == "warranty" else None,
    }
    at = max(dt.datetime.combine(starts_on, dt.time(9)), story.customer.at + dt.timedelta(hours=1))
    at = min(at, dt.datetime.combine(story.day - DAY, dt.time(9)))
    return Piece(
        "contract", values, at, story.customer.by, {"customer": story.customer}, dict(story.customer.people)
    )


def tell_complaints(story: Story, contracts: list[Piece]) -> list[Piece]:
    """Return complaints of the last 400 days: most resolved, some young ones still waiting."""
    often = {"lead": 0, "active": 0.45, "at_risk": 1.4, "churned": 1.0}[story.status]
    count = int(often + story.random.random())
    return [_complaint(story, contracts) for _ in range(count)]


def _complaint(story: Story, contracts: list[Piece]) -> Piece:
    random = story.random
    is_open = random.random() < 0.2
    days_ago = (
        random.randrange(1, 9) if is_open else random.randrange(9, max(10, min(400, story.days_known())))
    )
    at, agent = story.moment(days_ago), helper(story.country)
    subject, description = random.choice(COMPLAINTS[story.language])
    severity = random.choices(("low", "normal", "high", "urgent"), (2, 5, 2, 1))[0]
    values = {
        "subject": subject,
        "kind": random.choices(("complaint", "return", "question", "service"), (6, 1, 1, 2))[0],
        "status": "open",
        "severity": severity,
        "channel": random.choice(("phone", "mobile", "email", "web_form", "chat", "direct", "social")),
        "description": description,
        "opened_at": at,
        "due_at": at + DAY * {"urgent": 1, "high": 2, "normal": 4, "low": 7}[severity],
    }
    links = {"customer": story.customer, "product": random.choice(story.catalogue.products[:5])}
    earlier = [contract for contract in contracts if contract.at < at]
    if earlier:
        links["contract"] = random.choice(earlier)
    complaint = Piece("complaint", values, at, agent, links, {"owner": agent})
    _handle(story, complaint, is_open)
    return complaint


def _handle(story: Story, complaint: Piece, is_open: bool) -> None:
    """Let the service team work on a complaint."""
    random = story.random
    begun = complaint.at + dt.timedelta(minutes=random.randrange(20, 300))
    if is_open:
        if random.random() < 0.4:
            complaint.later.append((begun, {"status": "working"}, complaint.by))
        return
    done = begun + dt.timedelta(hours=random.randrange(2, 150))
    solved = {
        "status": "resolved",
        "resolution": random.choice(RESOLUTIONS[story.language]),
        "closed_at": done,
    }
    complaint.later += [(begun, {"status": "working"}, complaint.by), (done, solved, complaint.by)]
    if random.random() < 0.7:
        answer = {"status": "closed", "satisfaction": random.choice((2, 3, 4, 4, 5, 5))}
        complaint.later.append((done + dt.timedelta(hours=20), answer, complaint.by))


def tell_purchases(story: Story) -> list[Piece]:
    """Return what the customer bought; those who left or may leave stopped some time ago."""
    if story.status == "lead":
        return []
    since = (story.day - story.customer.values["customer_since"]).days
    newest = {"churned": 240, "at_risk": 185}.get(story.status, 1)
    oldest = max(newest + 1, min(720, since))
    count = max(1, round(story.random.gauss(1, 0.4) * PURCHASES[story.segment] * min(1, oldest / 500)))
    days = sorted((story.days_ago(newest, oldest) for _ in range(count)), reverse=True)
    return [_purchase(story, days_ago) for days_ago in days]


def _purchase(story: Story, days_ago: int) -> Piece:
    random = story.random
    product = random.choice(story.catalogue.products)
    is_machine = product.values["category"] == "machine"
    most = {"enterprise": 4, "mid_market": 2}.get(story.segment, 1) if is_machine else 12
    quantity = random.randrange(1, most + 1)
    bought_on = story.day - DAY * days_ago
    due_on = bought_on + DAY * 30
    late = "overdue" if random.random() < 0.05 else "paid"
    values = {
        "bought_on": bought_on,
        "quantity": quantity,
        "amount": product.values["price"] * quantity,
        "channel": random.choice(("direct", "phone", "email", "website")),
        "payment": late if due_on < story.day else random.choice(("open", "paid")),
        "due_on": due_on,
    }
    at = max(dt.datetime.combine(bought_on, dt.time(12)), story.customer.at + dt.timedelta(minutes=40))
    return Piece("purchase", values, at, story.customer.by, {"buyer": story.customer, "product": product})


def note_revenue(story: Story, purchases: list[Piece]) -> None:
    """Write on the customer's card what it bought within a year, and since when it is one."""
    if story.status == "lead":
        return
    year_ago = story.day - DAY * 365
    recent = [piece.values["amount"] for piece in purchases if piece.values["bought_on"] >= year_ago]
    story.customer.values["revenue"] = sum(recent, exact(0))


def tell_activities(story: Story, deals: list[Piece], complaints: list[Piece]) -> list[Piece]:
    """Return calls, visits, mails and notes, and a task ahead for some."""
    count = story.random.randrange(2, 6) + 2 * (story.segment in ("enterprise", "mid_market"))
    newest = {"churned": 150, "at_risk": 65}.get(story.status, 1)
    oldest = max(newest + 1, min(500, story.days_known()))
    found = [_activity(story, story.days_ago(newest, oldest), deals) for _ in range(count)]
    found += [_answer(story, complaint) for complaint in complaints if complaint.later]
    if story.status != "churned" and story.random.random() < 0.3:
        found.append(_task(story))
    return sorted(found, key=lambda piece: piece.at)


def _activity(story: Story, days_ago: int, deals: list[Piece]) -> Piece:
    random = story.random
    kind = random.choices(("call", "visit", "meeting", "mail", "chat", "note"), (8, 4, 2, 5, 2, 2))[0]
    at = story.moment(days_ago)
    subject, body = random.choice(ACTIVITIES[story.language][kind])
    values = {
        "kind": kind,
        "subject": subject,
        "body": body or None,
        "channel": random.choice(CHANNELS[kind]),
        "at": at,
        "minutes": random.choice((5, 10, 15, 30, 60)) if kind in ("call", "visit", "meeting") else None,
        "done": True,
        "outcome": random.choice(("reached", "reached", "no_answer", "interested"))
        if kind == "call"
        else None,
    }
    links = {"customer": story.customer, **story.contact()}
    older = [deal for deal in deals if deal.at < at]
    if older and kind in ("call", "mail", "meeting"):
        links["deal"] = random.choice(older)
    return Piece("activity", values, at, story.customer.by, links, dict(story.customer.people))


def _answer(story: Story, complaint: Piece) -> Piece:
    """Return the service agent's call about a complaint."""
    at = complaint.later[0][0]
    values = {
        "kind": "call",
        "subject": complaint.values["subject"],
        "channel": "phone",
        "at": at,
        "done": True,
    }
    values |= {"outcome": "reached", "minutes": story.random.choice((5, 10, 20))}
    links = {"customer": story.customer, "complaint": complaint, **story.contact()}
    return Piece("activity", values, at, complaint.by, links, {"owner": complaint.by})


def _task(story: Story) -> Piece:
    at = story.moment(story.random.randrange(1, 6))
    due = dt.datetime.combine(
        story.day + DAY * story.random.randrange(0, 14), dt.time(story.random.randrange(7, 14))
    )
    subject, _body = story.random.choice(ACTIVITIES[story.language]["task"])
    values = {"kind": "task", "subject": subject, "at": due, "due": due, "done": False}
    return Piece(
        "activity", values, at, story.customer.by, {"customer": story.customer}, dict(story.customer.people)
    )
