"""The countries of the demo data: cities, streets, and how their companies are called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """A city with its telephone area, the digits that follow it, and the beginning of its postal codes.

    Shape:  `public` is the name of an institution there.
    """

    name: str
    area: str
    count: int
    postal: str
    public: str


@dataclass(frozen=True)
class Country:
    """What the demo data knows of one country.

    Shape:  `names` are patterns of company names by size, with {family}, {place} and {city} in them;
            `places` are words that such names carry. `postal` is how many digits a postal code has.
    """

    code: str
    language: str
    locale: str
    cities: tuple[City, ...]
    streets: tuple[str, ...]
    places: tuple[str, ...]
    names: dict[str, tuple[str, ...]]
    street: str
    postal: int


GREECE = Country(
    code="GR",
    language="el",
    locale="el_GR",
    cities=(
        City("Αθήνα", "210", 7, "10", "Δήμος Αθηναίων"),
        City("Θεσσαλονίκη", "2310", 6, "54", "Δήμος Θεσσαλονίκης"),
        City("Πάτρα", "2610", 6, "26", "Γενικό Νοσοκομείο Πατρών"),
        City("Ηράκλειο", "2810", 6, "71", "Πανεπιστήμιο Κρήτης"),
        City("Λάρισα", "2410", 6, "41", "Δήμος Λαρισαίων"),
        City("Βόλος", "24210", 5, "38", "Πανεπιστήμιο Θεσσαλίας"),
        City("Ιωάννινα", "26510", 5, "45", "Γενικό Νοσοκομείο Ιωαννίνων"),
        City("Χανιά", "28210", 5, "73", "Δήμος Χανίων"),
        City("Καβάλα", "2510", 6, "65", "Δήμος Καβάλας"),
        City("Ρόδος", "22410", 5, "85", "Δήμος Ρόδου"),
    ),
    streets=(
        "Ερμού",
        "Πατησίων",
        "Εγνατία",
        "Βενιζέλου",
        "Κορίνθου",
        "Ακαδημίας",
        "Τσιμισκή",
        "Σόλωνος",
        "Κοραή",
    ),
    places=(
        "Ακρόπολη",
        "Αιγαίο",
        "Όλυμπος",
        "Ποσειδών",
        "Αθηνά",
        "Μέλισσα",
        "Ωκεανίς",
        "Ήλιος",
        "Μύλος",
        "Λιμάνι",
        "Κύμα",
        "Αστέρι",
        "Γαλήνη",
        "Πήλιον",
        "Ιόνιο",
        "Κρόνος",
        "Απόλλων",
        "Άρτεμις",
        "Δελφοί",
        "Ναυτίλος",
    ),  # fmt: skip
    names={
        "enterprise": ("Όμιλος {place} Α.Ε.", "{place} Ξενοδοχειακή Α.Ε.", "Σούπερ Μάρκετ {family} Α.Ε."),
        "mid_market": ("Ξενοδοχείο {place}", "{family} Εμπορική Α.Ε.", "Αλυσίδα Καφέ {place} Ε.Π.Ε."),
        "small": ("Καφέ {place}", "Αρτοποιείο {family}", "{family} & Σία Ο.Ε.", "Εστιατόριο {place}"),
    },
    street="{street} {number}",
    postal=5,
)

ROMANIA = Country(
    code="RO",
    language="ro",
    locale="ro_RO",
    cities=(
        City("București", "021", 7, "01", "Primăria Municipiului București"),
        City("Cluj-Napoca", "0264", 6, "40", "Universitatea Babeș-Bolyai"),
        City("Timișoara", "0256", 6, "30", "Primăria Timișoara"),
        City("Iași", "0232", 6, "70", "Spitalul Clinic Județean Iași"),
        City("Constanța", "0241", 6, "90", "Primăria Constanța"),
        City("Brașov", "0268", 6, "50", "Primăria Brașov"),
        City("Sibiu", "0269", 6, "55", "Teatrul Național Sibiu"),
        City("Oradea", "0259", 6, "41", "Primăria Oradea"),
        City("Târgu Mureș", "0265", 6, "54", "Spitalul Județean Târgu Mureș"),
    ),
    streets=(
        "Eroilor",
        "Mihai Eminescu",
        "Unirii",
        "Ștefan cel Mare",
        "Victoriei",
        "Avram Iancu",
        "Libertății",
    ),
    places=(
        "Carpați",
        "Dunărea",
        "Bucegi",
        "Țara Bârsei",
        "Sânziana",
        "Cerna",
        "Dacia",
        "Mureșul",
        "Delta",
        "Retezat",
        "Ceahlău",
        "Floare de Colț",
        "Bistrița",
        "Parâng",
        "Lotrul",
        "Zimbru",
        "Izvorul",
        "Codrul",
        "Stejarul",
        "Brândușa",
    ),  # fmt: skip
    names={
        "enterprise": ("Grupul {place} SA", "Hoteluri {place} SA", "Supermarket {family} SA"),
        "mid_market": ("Hotel {place} SRL", "{family} Distribuție SRL", "Cafenelele {place} SRL"),
        "small": ("Cofetăria {place}", "Brutăria {family} SRL", "{family} & Fiii SRL", "Restaurant {place}"),
    },
    street="Str. {street} nr. {number}",
    postal=6,
)

ISRAEL = Country(
    code="IL",
    language="he",
    locale="he_IL",
    cities=(
        City("תל אביב", "03", 7, "61", "עיריית תל אביב"),
        City("ירושלים", "02", 7, "91", "האוניברסיטה העברית"),
        City("חיפה", "04", 7, "31", "הטכניון"),
        City("באר שבע", "08", 7, "84", "עיריית באר שבע"),
        City("נתניה", "09", 7, "42", "עיריית נתניה"),
        City("אשדוד", "08", 7, "77", "נמל אשדוד"),
        City("רמת גן", "03", 7, "52", "אוניברסיטת בר־אילן"),
        City("נצרת", "04", 7, "16", "עיריית נצרת"),
        City("אילת", "08", 7, "88", "עיריית אילת"),
    ),
    streets=("הרצל", "רוטשילד", "אלנבי", "ויצמן", "בן גוריון", "דיזנגוף", "ז׳בוטינסקי", "הנביאים", "יפו"),
    places=(
        "הכרמל",
        "הגליל",
        "ים המלח",
        "השקמה",
        "הזית",
        "ארז",
        "תמר",
        "הנמל",
        "השרון",
        "רימון",
        "הירדן",
        "חרמון",
        "כנרת",
        "הגפן",
        "אלון",
        "שקד",
        "הדקל",
        "גלים",
        "הסיגלית",
        "ערבה",
    ),  # fmt: skip
    names={
        "enterprise": ("קבוצת {place} בע״מ", "מלונות {place} בע״מ", "רשת {family} בע״מ"),
        "mid_market": ("מלון {place}", "{family} שיווק בע״מ", "בתי קפה {place} בע״מ"),
        "small": ("קפה {place}", "מאפיית {family}", "{family} ובניו בע״מ", "מסעדת {place}"),
    },
    street="{street} {number}",
    postal=7,
)


def _abroad(
    code: str, locale: str, city: City, place: str, names: tuple[str, ...], postal: int = 5
) -> Country:
    """Return a country with one city, whose companies write to us in English."""
    sizes = dict.fromkeys(("enterprise", "mid_market", "small"), names)
    return Country(code, "en", locale, (city,), (place,), (place,), sizes, "{street} {number}", postal)


ABROAD = (
    _abroad(
        "DE", "de_DE", City("München", "089", 7, "80", "Stadt München"), "Marienplatz", ("{family} GmbH",)
    ),
    _abroad(
        "FR",
        "fr_FR",
        City("Lyon", "0472", 6, "69", "Ville de Lyon"),
        "Rue Victor Hugo",
        ("{family} & Fils SARL",),
    ),
    _abroad(
        "IT",
        "it_IT",
        City("Torino", "011", 7, "10", "Comune di Torino"),
        "Via Po",
        ("Caffè {family} S.r.l.",),
    ),
    _abroad(
        "NL",
        "nl_NL",
        City("Utrecht", "030", 7, "35", "Gemeente Utrecht"),
        "Oudegracht",
        ("{family} B.V.",),
        4,
    ),
    _abroad(
        "GB",
        "en_GB",
        City("London", "0207", 7, "1", "Camden Council"),
        "High Street",
        ("{family} & Sons Ltd",),
    ),
    _abroad(
        "US",
        "en_US",
        City("Boston", "617", 7, "02", "City of Boston"),
        "Main Street",
        ("{family} Coffee Inc.",),
    ),
)

HOME = (GREECE, ROMANIA, ISRAEL)
