"""Customers with the commonest names of four languages, as often as they are, and what people type to find them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any


def each(words: str) -> tuple[str, ...]:
    """Return the words."""
    return tuple(words.split())


@dataclass(frozen=True)
class Tongue:
    """The names of one language, the commonest first, and how its numbers begin."""

    country: str
    dial: str
    first: tuple[str, ...]
    last: tuple[str, ...]
    cities: tuple[str, ...]
    firm: tuple[str, ...]
    typed: tuple[str, ...]


TONGUES = {
    "el": Tongue(
        "GR",
        "+30210",
        each(
            "Γιώργος Μαρία Δημήτρης Ελένη Κωνσταντίνος Αικατερίνη Ιωάννης Βασιλική Νίκος Χρήστος Παναγιώτης "
            "Σοφία Αγγελική Βασίλης Ευαγγελία Αθανάσιος Γεωργία Μιχάλης Ευάγγελος Σπύρος"
        ),
        each(
            "Παπαδόπουλος Βλάχος Αγγελόπουλος Νικολαΐδης Παππάς Γεωργίου Ιωάννου Οικονόμου Παπαγεωργίου "
            "Μακρής Δημητρίου Χατζής Κωνσταντινίδης Αντωνίου Σταθόπουλος Μπάρκας Ντόκος Γκίκας Ξενάκης "
            "Ψαρράς"
        ),
        ("Αθήνα", "Θεσσαλονίκη", "Πάτρα", "Ηράκλειο", "Λάρισα", "Βόλος"),
        ("Α.Ε.", "Ε.Π.Ε.", "Ο.Ε."),
        (
            "Γιώργος", "γιωργος παπ", "παπαδοπουλος", "papadopoulos", "xristos", "giorgos ioannou",
            "μαρια αθηνα", "dimitris", "δημητ", "ΝΙΚΟΣ ΒΛΑΧΟΣ", "thessaloniki", "oikonomou", "ioannis",
            "γεωργιου αε", "vlaxos", "eleni p", "κων", "σο", "ψαρρας", "xenakis", "mparkas", "barkas",
            "ευαγγελια", "21012", "ηρακλειο μακρης",
        ),
    ),
    "ro": Tongue(
        "RO",
        "+40721",
        each(
            "Maria Ion Elena Gheorghe Ana Andrei Ioana Mihai Ștefan Alexandru Constantin Cristina Vasile "
            "Mihaela Daniel Gabriela Nicolae Adriana Marian Florin"
        ),
        each(
            "Popa Popescu Ionescu Radu Pop Dumitru Stan Stoica Gheorghe Matei Rusu Munteanu Țurcanu "
            "Constantin Șerban Marin Moldovan Lazăr Ciobanu Sandu"
        ),
        ("București", "Cluj-Napoca", "Iași", "Timișoara", "Constanța", "Târgu Mureș"),
        ("S.R.L.", "S.A.", "P.F.A."),
        (
            "maria", "popescu", "ion popa", "stefan", "Ștefan Radu", "cluj napoca", "tirgu mures",
            "elena ionescu", "andrei", "constantin", "turcanu", "serban ana", "bucuresti maria",
            "gheorghe", "po", "ion", "mihai srl", "moldovan", "lazar timisoara", "alexandru",
            "ioana st", "07211", "munteanu", "rusu", "constanta",
        ),
    ),
    "he": Tongue(
        "IL",
        "+97250",
        each(
            "משה יוסף דוד שרה רחל אסתר חיים אברהם יעקב מרים יצחק חנה תמר דניאל נועה שמואל אריאל יהודה רבקה "
            "לאה"
        ),
        each(
            "כהן לוי מזרחי פרץ ביטון דהן אברהם פרידמן מלכה אזולאי כץ יוסף דוד עמר אוחיון חדד גבאי בן־דוד "
            "אלמוג אליאס"
        ),
        ("תל־אביב", "ירושלים", "חיפה", "באר שבע", "רמת גן", "נתניה"),
        ("בע״מ", "ושות׳", "אחזקות"),
        (
            "כהן", "לוי", "משה כהן", "כהן משה", "cohen", "levi", "תל אביב", "יוסף", "אברהם", "אברהמ",
            "בן דוד", "חיפה לוי", "מזרחי בעמ", "דוד", "moshe", "friedman", "שרה ירוש", "רח", "פרץ",
            "peretz", "יצחק", "חיים אלמוג", "נתניה", "05012", "באר שבע דהן",
        ),
    ),
    "en": Tongue(
        "GB",
        "+4420",
        each(
            "James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard "
            "Susan Joseph Jessica Thomas Sarah Charles Karen"
        ),
        each(
            "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez O'Neil Wilson "
            "Anderson Thomas Taylor Moore Jackson Martin Lee Thompson"
        ),
        ("London", "Leeds", "Stratford-upon-Avon", "Oxford", "York", "Bath"),
        ("Ltd", "Holdings", "& Sons"),
        (
            "smith", "john smith", "smith john", "mary", "oneil", "o neil", "o'neil", "david",
            "thomas", "london", "stratford avon", "sm", "johnson ltd", "james", "elizabeth", "4420",
            "jackson", "william york", "sarah lee", "anderson", "info", "smith@", "xyzzy", "martin",
            "mi",
        ),
    ),
}  # fmt: skip
QUERIES = tuple(query for tongue in TONGUES.values() for query in tongue.typed)


def customers(count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Yield customers by field name, the same ones for the same seed: a common name is ten times as common."""
    random = Random(seed)
    tongues = list(TONGUES.values())
    weights = [1 / (place + 1) for place in range(20)]
    for number in range(count):
        tongue = tongues[number % len(tongues)]
        first, last = (random.choices(names, weights)[0] for names in (tongue.first, tongue.last))
        is_firm = random.random() < 0.3
        yield {
            "name": f"{last} {random.choice(tongue.firm)}" if is_firm else f"{first} {last}",
            "kind": "company" if is_firm else "person",
            "city": random.choice(tongue.cities),
            "country": tongue.country,
            "phone": f"{tongue.dial}{random.randrange(10**7):07}",
            "email": f"{random.choice(('info', 'office', 'sales'))}{number}@example.com",
        }
