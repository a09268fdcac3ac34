"""Sentences read aloud: gender, number and the order of words as a native speaker would say them."""

from __future__ import annotations

from typing import Any

import pytest

from crm.conditions import parse_conditions, say
from crm.entities.model import Schema
from crm.texts import LANGUAGES

SAID: list[tuple[str, Any, dict[str, str]]] = [
    (
        "customer",
        {"field": "status", "is": "active"},
        {
            "en": "Status is Active",
            "el": "Κατάσταση είναι Ενεργός",
            "ro": "Stare este Activ",
            "he": "מצב: פעיל",
        },
    ),
    (
        "customer",
        {"field": "city", "is_not": "Χίος"},
        {
            "en": "City is not Χίος",
            "el": "Πόλη δεν είναι Χίος",
            "ro": "Oraș nu este Χίος",
            "he": "עיר: לא Χίος",
        },
    ),
    (
        "customer",
        {"field": "status", "is_one_of": ["lead", "active"]},
        {
            "en": "Status is Lead or Active",
            "el": "Κατάσταση είναι Υποψήφιος ή Ενεργός",
            "ro": "Stare este Client potențial sau Activ",
            "he": "מצב: מתעניין או פעיל",
        },
    ),
    (
        "customer",
        {"field": "status", "is_none_of": ["lead", "active"]},
        {
            "en": "Status is not Lead or Active",
            "el": "Κατάσταση δεν είναι Υποψήφιος ή Ενεργός",
            "ro": "Stare nu este Client potențial sau Activ",
            "he": "מצב: לא אחד מאלה: מתעניין או פעיל",
        },
    ),
    (
        "customer",
        {"field": "city", "is_empty": True},
        {
            "en": "City is empty",
            "el": "Πόλη χωρίς τιμή",
            "ro": "Oraș fără valoare",
            "he": "עיר ללא ערך",
        },
    ),
    (
        "customer",
        {"field": "city", "is_empty": False},
        {
            "en": "City is not empty",
            "el": "Πόλη με τιμή",
            "ro": "Oraș cu valoare",
            "he": "עיר עם ערך כלשהו",
        },
    ),
    (
        "customer",
        {"field": "name", "contains": "Αφοί"},
        {
            "en": "Name contains “Αφοί”",
            "el": "Όνομα περιέχει «Αφοί»",
            "ro": "Nume conține „Αφοί”",
            "he": "בשם מופיע ״Αφοί״",
        },
    ),
    (
        "customer",
        {"none": [{"field": "name", "starts_with": "Αφοί"}]},
        {
            "en": "Name does not start with “Αφοί”",
            "el": "Όνομα δεν αρχίζει με «Αφοί»",
            "ro": "Nume nu începe cu „Αφοί”",
            "he": "בתחילת שם לא מופיע ״Αφοί״",
        },
    ),
    (
        "customer",
        {"field": "owner", "is": "me"},
        {
            "en": "Owner is me",
            "el": "Υπεύθυνος είναι ο τρέχων χρήστης",
            "ro": "Responsabil este utilizatorul curent",
            "he": "אחראי: אני",
        },
    ),
    (
        "customer",
        {"field": "owner", "is_empty": True},
        {
            "en": "Owner is empty",
            "el": "Υπεύθυνος χωρίς τιμή",
            "ro": "Responsabil fără valoare",
            "he": "אחראי ללא ערך",
        },
    ),
    (
        "customer",
        {"field": "revenue", "above": 1000},
        {
            "en": "Revenue last year is above €1,000.00",
            "el": "Έσοδα τελευταίου έτους είναι πάνω από 1.000,00\xa0€",
            "ro": "Venituri în ultimul an este peste 1.000,00\xa0EUR",
            "he": "הכנסות בשנה האחרונה מעל \u200f1,000.00\xa0\u200f€",
        },
    ),
    (
        "customer",
        {"field": "revenue", "between": [1, 5000]},
        {
            "en": "Revenue last year is from €1.00 to €5,000.00",
            "el": "Έσοδα τελευταίου έτους είναι από 1,00\xa0€ έως 5.000,00\xa0€",
            "ro": "Venituri în ultimul an este între 1,00\xa0EUR și 5.000,00\xa0EUR",
            "he": "הכנסות בשנה האחרונה בין \u200f1.00\xa0\u200f€ ל־\u200f5,000.00\xa0\u200f€",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "older_than": "1 year"},
        {
            "en": "Customer since is more than 1 year ago",
            "el": "Πελάτης από είναι πριν από περισσότερο από 1 έτος",
            "ro": "Client din este cu mai mult de 1 an în urmă",
            "he": "לקוח מאז לפני יותר משנה",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "within_last": "1 day"},
        {
            "en": "Customer since is in the last 1 day",
            "el": "Πελάτης από είναι στο τελευταίο διάστημα: 1 ημέρα",
            "ro": "Client din este cu cel mult 1 zi în urmă",
            "he": "לקוח מאז בטווח של יום לאחור",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "within_last": "2 weeks"},
        {
            "en": "Customer since is in the last 2 weeks",
            "el": "Πελάτης από είναι στο τελευταίο διάστημα: 2 εβδομάδες",
            "ro": "Client din este cu cel mult 2 săptămâni în urmă",
            "he": "לקוח מאז בטווח של שבועיים לאחור",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "older_than": "21 days"},
        {
            "en": "Customer since is more than 21 days ago",
            "el": "Πελάτης από είναι πριν από περισσότερο από 21 ημέρες",
            "ro": "Client din este cu mai mult de 21 de zile în urmă",
            "he": "לקוח מאז לפני יותר מ־21 ימים",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "within_next": "3 months"},
        {
            "en": "Customer since is in the next 3 months",
            "el": "Πελάτης από είναι στο επόμενο διάστημα: 3 μήνες",
            "ro": "Client din este peste cel mult 3 luni",
            "he": "לקוח מאז בטווח של 3 חודשים קדימה",
        },
    ),
    (
        "customer",
        {"field": "created_at", "older_than": "2 hours"},
        {
            "en": "Created at is more than 2 hours ago",
            "el": "Δημιουργήθηκε στις είναι πριν από περισσότερο από 2 ώρες",
            "ro": "Creat la este cu mai mult de 2 ore în urmă",
            "he": "מועד היצירה לפני יותר משעתיים",
        },
    ),
    (
        "customer",
        {"formula": "customer_since in 1 to 3 months ago"},
        {
            "en": "Customer since is from 1 to 3 months ago",
            "el": "Πελάτης από είναι πριν από 1 έως 3 μήνες",
            "ro": "Client din este cu 1 până la 3 luni în urmă",
            "he": "לקוח מאז לפני 1 עד 3 חודשים",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "above": "2026-03-29"},
        {
            "en": "Customer since is after 29 Mar 2026",
            "el": "Πελάτης από είναι μετά από 29 Μαρ 2026",
            "ro": "Client din este după 29 mar. 2026",
            "he": "לקוח מאז אחרי 29 במרץ 2026",
        },
    ),
    (
        "customer",
        {"field": "created_at", "below": "2026-03-29 12:30"},
        {
            "en": "Created at is before 29 Mar 2026, 12:30",
            "el": "Δημιουργήθηκε στις είναι πριν από 29 Μαρ 2026, 12:30",
            "ro": "Creat la este înainte de 29 mar. 2026, 12:30",
            "he": "מועד היצירה לפני 29 במרץ 2026, 12:30",
        },
    ),
    (
        "customer",
        {"any_of": "deals", "where": [{"field": "stage", "is": "won"}, {"field": "amount", "above": 1000}]},
        {
            "en": "there are Deals where Stage is Won and Amount is above €1,000.00",
            "el": "υπάρχουν Ευκαιρίες όπου Στάδιο είναι Κερδισμένη και Ποσό είναι πάνω από 1.000,00\xa0€",
            "ro": "există Oportunități pentru care Etapă este Câștigată și Sumă este peste 1.000,00\xa0EUR",
            "he": "יש עסקאות (שלב: נסגרה בהצלחה וסכום מעל \u200f1,000.00\xa0\u200f€)",
        },
    ),
    (
        "customer",
        {"none_of": "complaints", "where": [{"field": "status", "is_not": "closed"}]},
        {
            "en": "there are no Complaints where Status is not Closed",
            "el": "δεν υπάρχουν Παράπονα όπου Κατάσταση δεν είναι Έκλεισε",
            "ro": "nu există Reclamații pentru care Stare nu este Închisă",
            "he": "אין תלונות (מצב: לא סגורה)",
        },
    ),
    (
        "customer",
        {"count_of": "deals", "where": [{"field": "stage", "is": "won"}], "above": 2},
        {
            "en": "number of Deals (where Stage is Won) is above 2",
            "el": "πλήθος εγγραφών (Ευκαιρίες όπου Στάδιο είναι Κερδισμένη) είναι πάνω από 2",
            "ro": "numărul de Oportunități (pentru care Etapă este Câștigată) este peste 2",
            "he": "מספר עסקאות (שלב: נסגרה בהצלחה) מעל 2",
        },
    ),
    (
        "customer",
        {"sum_of": "deals.amount", "above": 10000},
        {
            "en": "total Amount of Deals is above €10,000.00",
            "el": "σύνολο του πεδίου Ποσό (Ευκαιρίες) είναι πάνω από 10.000,00\xa0€",
            "ro": "suma valorilor Sumă din Oportunități este peste 10.000,00\xa0EUR",
            "he": "סך סכום בעסקאות מעל \u200f10,000.00\xa0\u200f€",
        },
    ),
    (
        "customer",
        {
            "any": [
                {"field": "city", "is": "Iași"},
                {"all": [{"field": "status", "is": "lead"}, {"field": "revenue", "below": 5}]},
            ]
        },
        {
            "en": "City is Iași or (Status is Lead and Revenue last year is below €5.00)",
            "el": "Πόλη είναι Iași ή (Κατάσταση είναι Υποψήφιος και Έσοδα τελευταίου έτους είναι κάτω από 5,00\xa0€)",
            "ro": "Oraș este Iași sau (Stare este Client potențial și Venituri în ultimul an este sub 5,00\xa0EUR)",
            "he": "עיר: Iași או (מצב: מתעניין והכנסות בשנה האחרונה מתחת ל־\u200f5.00\xa0\u200f€)",
        },
    ),
    (
        "customer",
        {"none": [{"field": "city", "is": "Iași"}, {"field": "status", "is": "lead"}]},
        {
            "en": "none of these: City is Iași or Status is Lead",
            "el": "δεν ισχύει τίποτα από τα εξής: Πόλη είναι Iași ή Κατάσταση είναι Υποψήφιος",
            "ro": "nimic din următoarele nu este adevărat: Oraș este Iași sau Stare este Client potențial",
            "he": "אף אחד מאלה לא מתקיים: עיר: Iași או מצב: מתעניין",
        },
    ),
    (
        "customer",
        {"field": "status", "changed": True},
        {
            "en": "Status has changed",
            "el": "Κατάσταση έχει αλλάξει",
            "ro": "Stare s-a modificat",
            "he": "חל שינוי במצב",
        },
    ),
    (
        "customer",
        {"field": "city", "changed": False},
        {
            "en": "City has not changed",
            "el": "Πόλη δεν έχει αλλάξει",
            "ro": "Oraș nu s-a modificat",
            "he": "לא חל שינוי בעיר",
        },
    ),
    (
        "customer",
        {"field": "status", "changed_to": "active"},
        {
            "en": "Status has changed to Active",
            "el": "Κατάσταση έχει αλλάξει σε «Ενεργός»",
            "ro": "Stare s-a modificat în „Activ”",
            "he": "חל שינוי במצב: לפעיל",
        },
    ),
    (
        "customer",
        {"field": "status", "changed_from": "lead"},
        {
            "en": "Status has changed from Lead",
            "el": "Κατάσταση έχει αλλάξει από «Υποψήφιος»",
            "ro": "Stare s-a modificat din „Client potențial”",
            "he": "חל שינוי במצב: ממתעניין",
        },
    ),
    (
        "customer",
        {"formula": "year(customer_since) = 2025"},
        {
            "en": "year of Customer since is 2025",
            "el": "έτος (Πελάτης από) είναι 2025",
            "ro": "anul din Client din este 2025",
            "he": "השנה של לקוח מאז: 2025",
        },
    ),
    (
        "customer",
        {"formula": "add_days(customer_since, 1) < today()"},
        {
            "en": "Customer since plus 1 day is before today",
            "el": "Πελάτης από συν 1 ημέρα είναι πριν από σήμερα",
            "ro": "la 1 zi după Client din este înainte de astăzi",
            "he": "לקוח מאז ועוד יום לפני היום",
        },
    ),
    (
        "customer",
        {"formula": "round(revenue, 1) > 10"},
        {
            "en": "Revenue last year rounded (decimal places: 1) is above 10",
            "el": "Έσοδα τελευταίου έτους με στρογγυλοποίηση (δεκαδικά ψηφία: 1) είναι πάνω από 10",
            "ro": "Venituri în ultimul an, cu rotunjire (zecimale: 1) este peste 10",
            "he": "הכנסות בשנה האחרונה בעיגול (ספרות אחרי הנקודה: 1) מעל 10",
        },
    ),
    (
        "deal",
        {"field": "customer.owner", "is": "me"},
        {
            "en": "Owner of Customer is me",
            "el": "Υπεύθυνος (Πελάτης) είναι ο τρέχων χρήστης",
            "ro": "Responsabil din Client este utilizatorul curent",
            "he": "אחראי של לקוח: אני",
        },
    ),
    (
        "campaign",
        {"field": "channels", "is": "email"},
        {
            "en": "Channels include E-mail",
            "el": "Κανάλια περιλαμβάνουν Email",
            "ro": "Canale includ E-mail",
            "he": "בערוצים יש דוא״ל",
        },
    ),
    (
        "campaign",
        {"none": [{"field": "channels", "is": "email"}]},
        {
            "en": "Channels do not include E-mail",
            "el": "Κανάλια δεν περιλαμβάνουν Email",
            "ro": "Canale nu includ E-mail",
            "he": "בערוצים אין דוא״ל",
        },
    ),
    (
        "campaign",
        {"field": "channels", "is_empty": True},
        {
            "en": "Channels is empty",
            "el": "Κανάλια χωρίς τιμή",
            "ro": "Canale fără valoare",
            "he": "ערוצים ללא ערך",
        },
    ),
]


@pytest.fixture
def database_kind() -> str:
    """Nothing is read from a database here."""
    return "sqlite"


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_what_a_native_speaker_says(workspace, language: str) -> None:
    schema: Schema = workspace.schema
    said = []
    for name, line, _sentences in SAID:
        tree, problems = parse_conditions([line], schema.entities[name], schema)
        assert problems == []
        said.append(say(tree, schema.entities[name], schema, language))
    assert said == [sentences[language] for _name, _line, sentences in SAID]
