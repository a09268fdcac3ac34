"""The people who work with the demo data: one per shipped role at least, in the four languages."""

from __future__ import annotations

from crm.demo.model import DemoUser

DEMO_USERS = (
    DemoUser("eleni", "Ελένη", "Παπαδοπούλου", "sales", "el", "sales_gr", "GR"),
    DemoUser("nikos", "Νίκος", "Γεωργίου", "sales", "el", "sales_gr", "GR"),
    DemoUser("andrei", "Andrei", "Ionescu", "sales", "ro", "sales_ro", "RO"),
    DemoUser("ioana", "Ioana", "Mureșan", "sales", "ro", "sales_ro", "RO"),
    DemoUser("yael", "יעל", "כהן", "sales", "he", "sales_il", "IL"),
    DemoUser("omer", "עומר", "לוי", "sales", "he", "sales_il", "IL"),
    DemoUser("noa", "נועה", "מזרחי", "service", "he", "service", "IL"),
    DemoUser("dimitra", "Δήμητρα", "Αντωνίου", "service", "el", "service", "GR"),
    DemoUser("mihai", "Mihai", "Popa", "service", "ro", "service", "RO"),
    DemoUser("maria", "Μαρία", "Κωνσταντίνου", "manager", "el"),
    DemoUser("katerina", "Κατερίνα", "Νικολάου", "marketing", "el"),
    DemoUser("radu", "Radu", "Stănescu", "accountant", "ro"),
    DemoUser("avi", "אבי", "פרץ", "cashier", "he"),
    DemoUser("dana", "Dana", "Enache", "external_agent", "ro"),
    DemoUser("victor", "Victor", "Hughes", "viewer", "en"),
    DemoUser("sofia", "Σοφία", "Ιωάννου", "configurator", "el"),
)


def sellers(country: str) -> tuple[str, ...]:
    """Return the names of those who sell in a country; customers abroad belong to everybody who sells."""
    found = tuple(user.name for user in DEMO_USERS if user.role == "sales" and user.country == country)
    return found or tuple(user.name for user in DEMO_USERS if user.role == "sales")


def helper(country: str) -> str:
    """Return the name of the service agent for a country."""
    for user in DEMO_USERS:
        if user.role == "service" and user.country == country:
            return user.name
    return "dimitra"
