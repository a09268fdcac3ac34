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
            "el": "Κατάσταση: Ενεργός",
            "ro": "Stare: Activ",
            "he": "סטטוס: פעיל",
        },
    ),
    (
        "customer",
        {"field": "city", "is_not": "Χίος"},
        {
            "en": "City is not Χίος",
            "el": "Πόλη: όχι Χίος",
            "ro": "Oraș: nu Χίος",
            "he": "עיר: לא Χίος",
        },
    ),
    (
        "customer",
        {"field": "status", "is_one_of": ["lead", "active"]},
        {
            "en": "Status is Lead or Active",
            "el": "Κατάσταση: Υποψήφιος πελάτης ή Ενεργός",
            "ro": "Stare: Client potențial sau Activ",
            "he": "סטטוס: ליד או פעיל",
        },
    ),
    (
        "customer",
        {"field": "status", "is_none_of": ["lead", "active"]},
        {
            "en": "Status is not Lead or Active",
            "el": "Κατάσταση: τίποτα από αυτά: Υποψήφιος πελάτης ή Ενεργός",
            "ro": "Stare: niciuna dintre acestea: Client potențial sau Activ",
            "he": "סטטוס: לא אחד מאלה: ליד או פעיל",
        },
    ),
    (
        "customer",
        {"field": "city", "is_empty": True},
        {
            "en": "City is empty",
            "el": "Πόλη: χωρίς τιμή",
            "ro": "Oraș: fără valoare",
            "he": "עיר: ללא ערך",
        },
    ),
    (
        "customer",
        {"field": "city", "is_empty": False},
        {
            "en": "City is not empty",
            "el": "Πόλη: με τιμή",
            "ro": "Oraș: cu valoare",
            "he": "עיר: עם ערך כלשהו",
        },
    ),
    (
        "customer",
        {"field": "name", "contains": "Αφοί"},
        {
            "en": "Name contains “Αφοί”",
            "el": "Όνομα: περιέχει «Αφοί»",
            "ro": "Nume: conține „Αφοί”",
            "he": "שם: מכיל ״Αφοί״",
        },
    ),
    (
        "customer",
        {"none": [{"field": "name", "starts_with": "Αφοί"}]},
        {
            "en": "Name does not start with “Αφοί”",
            "el": "Όνομα: δεν αρχίζει με «Αφοί»",
            "ro": "Nume: nu începe cu „Αφοί”",
            "he": "שם: לא מתחיל ב־״Αφοί״",
        },
    ),
    (
        "customer",
        {"field": "owner", "is": "me"},
        {
            "en": "Owner is me",
            "el": "Υπεύθυνος: ο τρέχων χρήστης",
            "ro": "Responsabil: utilizatorul curent",
            "he": "אחראי: אני",
        },
    ),
    (
        "customer",
        {"field": "owner", "is_empty": True},
        {
            "en": "Owner is empty",
            "el": "Υπεύθυνος: χωρίς τιμή",
            "ro": "Responsabil: fără valoare",
            "he": "אחראי: ללא ערך",
        },
    ),
    (
        "customer",
        {"field": "revenue", "above": 1000},
        {
            "en": "Revenue last year is above €1,000.00",
            "el": "Έσοδα τελευταίου έτους: πάνω από 1.000,00 €",
            "ro": "Venituri în ultimul an: peste 1.000,00 EUR",
            "he": "הכנסות בשנה האחרונה: מעל ‏1,000.00 ‏€",
        },
    ),
    (
        "customer",
        {"field": "revenue", "between": [1, 5000]},
        {
            "en": "Revenue last year is from €1.00 to €5,000.00",
            "el": "Έσοδα τελευταίου έτους: από 1,00 € έως 5.000,00 €",
            "ro": "Venituri în ultimul an: de la 1,00 EUR până la 5.000,00 EUR",
            "he": "הכנסות בשנה האחרונה: בין ‏1.00 ‏€ ל־‏5,000.00 ‏€",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "older_than": "1 year"},
        {
            "en": "Customer since is more than 1 year ago",
            "el": "Πελάτης από: πριν από περισσότερο από 1 έτος",
            "ro": "Client din: acum mai mult de 1 an",
            "he": "לקוח מאז: לפני יותר משנה",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "within_last": "1 day"},
        {
            "en": "Customer since is within the last 1 day",
            "el": "Πελάτης από: στο τελευταίο διάστημα (1 ημέρα)",
            "ro": "Client din: în ultimul interval (1 zi)",
            "he": "לקוח מאז: בתקופה האחרונה (יום)",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "within_last": "2 weeks"},
        {
            "en": "Customer since is within the last 2 weeks",
            "el": "Πελάτης από: τις τελευταίες 2 εβδομάδες",
            "ro": "Client din: în ultimele 2 săptămâni",
            "he": "לקוח מאז: בתקופה האחרונה (שבועיים)",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "older_than": "21 days"},
        {
            "en": "Customer since is more than 21 days ago",
            "el": "Πελάτης από: πριν από περισσότερες από 21 ημέρες",
            "ro": "Client din: acum mai mult de 21 de zile",
            "he": "לקוח מאז: לפני יותר מ־21 ימים",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "within_next": "3 months"},
        {
            "en": "Customer since is within the next 3 months",
            "el": "Πελάτης από: τους επόμενους 3 μήνες",
            "ro": "Client din: în următoarele 3 luni",
            "he": "לקוח מאז: בתקופה הקרובה (3 חודשים)",
        },
    ),
    (
        "customer",
        {"field": "created_at", "older_than": "2 hours"},
        {
            "en": "Created at is more than 2 hours ago",
            "el": "Ημερομηνία δημιουργίας: πριν από περισσότερες από 2 ώρες",
            "ro": "Data creării: acum mai mult de 2 ore",
            "he": "מועד היצירה: לפני יותר משעתיים",
        },
    ),
    (
        "customer",
        {"formula": "customer_since in 1 to 3 months ago"},
        {
            "en": "Customer since is from 1 to 3 months ago",
            "el": "Πελάτης από: πριν από 1 έως 3 μήνες",
            "ro": "Client din: acum 1 până la 3 luni",
            "he": "לקוח מאז: לפני 1 עד 3 חודשים",
        },
    ),
    (
        "customer",
        {"field": "customer_since", "above": "2026-03-29"},
        {
            "en": "Customer since is after 29 Mar 2026",
            "el": "Πελάτης από: μετά από 29 Μαρ 2026",
            "ro": "Client din: după 29 mar. 2026",
            "he": "לקוח מאז: אחרי 29 במרץ 2026",
        },
    ),
    (
        "customer",
        {"field": "created_at", "below": "2026-03-29 12:30"},
        {
            "en": "Created at is before 29 Mar 2026, 12:30",
            "el": "Ημερομηνία δημιουργίας: πριν από 29 Μαρ 2026, 12:30",
            "ro": "Data creării: înainte de 29 mar. 2026, 12:30",
            "he": "מועד היצירה: לפני 29 במרץ 2026, 12:30",
        },
    ),
    (
        "customer",
        {"any_of": "deals", "where": [{"field": "stage", "is": "won"}, {"field": "amount", "above": 1000}]},
        {
            "en": "there are Deals where Stage is Won and Amount is above €1,000.00",
            "el": "υπάρχουν: Ευκαιρίες (Στάδιο: Κερδισμένη και Ποσό: πάνω από 1.000,00 €)",
            "ro": "există: Oportunități (Etapă: Câștigată și Sumă: peste 1.000,00 EUR)",
            "he": "יש עסקאות (שלב: זכייה וסכום: מעל ‏1,000.00 ‏€)",
        },
    ),
    (
        "customer",
        {"none_of": "complaints", "where": [{"field": "status", "is_not": "closed"}]},
        {
            "en": "there are no Complaints where Status is not Closed",
            "el": "δεν υπάρχουν: Παράπονα (Κατάσταση: όχι Έκλεισε)",
            "ro": "nu există: Reclamații (Stare: nu Închisă)",
            "he": "אין תלונות (סטטוס: לא סגורה)",
        },
    ),
    (
        "customer",
        {"count_of": "deals", "where": [{"field": "stage", "is": "won"}], "above": 2},
        {
            "en": "number of Deals (where Stage is Won) is above 2",
            "el": "πλήθος: Ευκαιρίες (Στάδιο: Κερδισμένη): πάνω από 2",
            "ro": "număr: Oportunități (Etapă: Câștigată): peste 2",
            "he": "מספר: עסקאות (שלב: זכייה): מעל 2",
        },
    ),
    (
        "customer",
        {"sum_of": "deals.amount", "above": 10000},
        {
            "en": "total Amount of Deals is above €10,000.00",
            "el": "σύνολο: Ποσό (Ευκαιρίες): πάνω από 10.000,00 €",
            "ro": "total: Sumă (Oportunități): peste 10.000,00 EUR",
            "he": "סך הכול: סכום (עסקאות): מעל ‏10,000.00 ‏€",
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
            "el": "Πόλη: Iași ή (Κατάσταση: Υποψήφιος πελάτης και Έσοδα τελευταίου έτους: κάτω από 5,00 €)",
            "ro": "Oraș: Iași sau (Stare: Client potențial și Venituri în ultimul an: sub 5,00 EUR)",
            "he": "עיר: Iași או (סטטוס: ליד והכנסות בשנה האחרונה: מתחת ל־‏5.00 ‏€)",
        },
    ),
    (
        "customer",
        {"none": [{"field": "city", "is": "Iași"}, {"field": "status", "is": "lead"}]},
        {
            "en": "none of these: City is Iași or Status is Lead",
            "el": "κανένα από αυτά: Πόλη: Iași ή Κατάσταση: Υποψήφιος πελάτης",
            "ro": "niciuna dintre acestea: Oraș: Iași sau Stare: Client potențial",
            "he": "אף אחד מאלה: עיר: Iași או סטטוס: ליד",
        },
    ),
    (
        "customer",
        {"field": "status", "changed": True},
        {
            "en": "Status has changed",
            "el": "Κατάσταση: υπήρξε αλλαγή",
            "ro": "Stare: s-a schimbat",
            "he": "סטטוס: חל שינוי",
        },
    ),
    (
        "customer",
        {"field": "city", "changed": False},
        {
            "en": "City has not changed",
            "el": "Πόλη: καμία αλλαγή",
            "ro": "Oraș: nu s-a schimbat",
            "he": "עיר: לא חל שינוי",
        },
    ),
    (
        "customer",
        {"field": "status", "changed_to": "active"},
        {
            "en": "Status has changed to Active",
            "el": "Κατάσταση: αλλαγή σε «Ενεργός»",
            "ro": "Stare: s-a schimbat în „Activ”",
            "he": "סטטוס: שינוי לערך ״פעיל״",
        },
    ),
    (
        "customer",
        {"field": "status", "changed_from": "lead"},
        {
            "en": "Status has changed from Lead",
            "el": "Κατάσταση: αλλαγή από «Υποψήφιος πελάτης»",
            "ro": "Stare: s-a schimbat din „Client potențial”",
            "he": "סטטוס: שינוי מהערך ״ליד״",
        },
    ),
    (
        "customer",
        {"formula": "year(customer_since) = 2025"},
        {
            "en": "year of Customer since is 2025",
            "el": "έτος (Πελάτης από): 2025",
            "ro": "anul (Client din): 2025",
            "he": "שנה (לקוח מאז): 2025",
        },
    ),
    (
        "customer",
        {"formula": "add_days(customer_since, 1) < today()"},
        {
            "en": "Customer since plus 1 day is before today",
            "el": "Πελάτης από συν 1 ημέρα: πριν από σήμερα",
            "ro": "la 1 zi după Client din: înainte de astăzi",
            "he": "לקוח מאז ועוד יום: לפני היום",
        },
    ),
    (
        "customer",
        {"formula": "round(revenue, 1) > 10"},
        {
            "en": "Revenue last year rounded (decimal places: 1) is above 10",
            "el": "Έσοδα τελευταίου έτους με στρογγυλοποίηση (δεκαδικά ψηφία: 1): πάνω από 10",
            "ro": "Venituri în ultimul an, cu rotunjire (zecimale: 1): peste 10",
            "he": "הכנסות בשנה האחרונה בעיגול (ספרות עשרוניות: 1): מעל 10",
        },
    ),
    (
        "deal",
        {"field": "customer.owner", "is": "me"},
        {
            "en": "Owner of Customer is me",
            "el": "Υπεύθυνος (Πελάτης): ο τρέχων χρήστης",
            "ro": "Responsabil (Client): utilizatorul curent",
            "he": "אחראי (לקוח): אני",
        },
    ),
    (
        "campaign",
        {"field": "channels", "is": "email"},
        {
            "en": "Channels include Email",
            "el": "Κανάλια: περιλαμβάνει Email",
            "ro": "Canale: include E-mail",
            "he": "ערוצים: כולל דוא״ל",
        },
    ),
    (
        "campaign",
        {"none": [{"field": "channels", "is": "email"}]},
        {
            "en": "Channels do not include Email",
            "el": "Κανάλια: δεν περιλαμβάνει Email",
            "ro": "Canale: nu include E-mail",
            "he": "ערוצים: לא כולל דוא״ל",
        },
    ),
    (
        "campaign",
        {"field": "channels", "is_empty": True},
        {
            "en": "Channels is empty",
            "el": "Κανάλια: χωρίς τιμή",
            "ro": "Canale: fără valoare",
            "he": "ערוצים: ללא ערך",
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
