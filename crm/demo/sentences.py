"""What people write in the demo data, per language: deals, complaints, calls, notes."""

from __future__ import annotations

DEALS = {
    "en": (
        "New espresso machines",
        "Annual coffee supply",
        "Machine replacement",
        "Coffee corner",
        "Grinders",
    ),
    "el": (
        "Νέες μηχανές εσπρέσο",
        "Ετήσια προμήθεια καφέ",
        "Ανανέωση εξοπλισμού",
        "Γωνιά καφέ στα γραφεία",
        "Μύλοι άλεσης",
        "Εξοπλισμός νέου καταστήματος",
        "Συμβόλαιο συντήρησης",
    ),
    "ro": (
        "Espressoare noi",
        "Aprovizionare anuală cu cafea",
        "Înnoirea echipamentelor",
        "Colț de cafea la birou",
        "Râșnițe profesionale",
        "Echipare pentru magazinul nou",
        "Contract de mentenanță",
    ),
    "he": (
        "מכונות אספרסו חדשות",
        "אספקת קפה שנתית",
        "חידוש הציוד",
        "פינת קפה למשרד",
        "מטחנות מקצועיות",
        "ציוד לסניף חדש",
        "הסכם תחזוקה",
    ),
}

NEEDS = {
    "en": ("They want one price for all branches.", "The machine must be easy to clean."),
    "el": ("Θέλουν ενιαία τιμή για όλα τα καταστήματα.", "Η μηχανή πρέπει να καθαρίζεται εύκολα."),
    "ro": ("Vor un preț unic pentru toate locațiile.", "Aparatul trebuie să se curețe ușor."),
    "he": ("הם רוצים מחיר אחיד לכל הסניפים.", "המכונה צריכה להיות קלה לניקוי."),
}

NEXT_STEPS = {
    "en": ("Send the quote", "Call the decision maker", "Arrange a tasting"),
    "el": ("Αποστολή προσφοράς", "Τηλέφωνο στον υπεύθυνο αγορών", "Ραντεβού για δοκιμή"),
    "ro": ("Trimiterea ofertei", "Telefon la responsabilul de achiziții", "Programare pentru degustare"),
    "he": ("שליחת הצעת מחיר", "שיחה עם מקבל ההחלטות", "תיאום טעימה"),
}

COMPLAINTS = {
    "en": (
        ("The machine leaks water", "Since Monday, water has been leaking under the machine."),
        ("The delivery was late", "The coffee came four days late."),
        ("Wrong amount on the invoice", "The invoice shows ten bags, we received eight."),
    ),
    "el": (
        ("Η μηχανή χάνει νερό", "Από τη Δευτέρα τρέχει νερό κάτω από τη μηχανή."),
        ("Καθυστέρηση παράδοσης", "Ο καφές ήρθε τέσσερις ημέρες μετά τη συμφωνημένη ημερομηνία."),
        ("Λάθος ποσό στο τιμολόγιο", "Το τιμολόγιο γράφει δέκα σακούλες, παραλάβαμε οκτώ."),
        ("Ο μύλος κάνει θόρυβο", "Ο μύλος κάνει δυνατό θόρυβο και ο καφές βγαίνει χοντρός."),
        ("Δεν απαντά κανείς στο τηλέφωνο", "Καλέσαμε τρεις φορές για τη συντήρηση χωρίς απάντηση."),
    ),
    "ro": (
        ("Aparatul pierde apă", "De luni curge apă pe sub aparat."),
        ("Livrare întârziată", "Cafeaua a ajuns la patru zile după data promisă."),
        ("Sumă greșită pe factură", "Pe factură sunt zece pungi, noi am primit opt."),
        ("Râșnița face zgomot", "Râșnița face zgomot puternic și macină prea grosier."),
        ("Nu răspunde nimeni la telefon", "Am sunat de trei ori pentru revizie, fără răspuns."),
    ),
    "he": (
        ("המכונה נוזלת", "מיום שני יש מים מתחת למכונה."),
        ("המשלוח הגיע באיחור", "הקפה הגיע ארבעה ימים אחרי המועד שסוכם."),
        ("סכום שגוי בחשבונית", "בחשבונית רשומות עשר שקיות, קיבלנו שמונה."),
        ("המטחנה מרעישה", "המטחנה מרעישה מאוד והטחינה גסה מדי."),
        ("אין מענה בטלפון", "התקשרנו שלוש פעמים בעניין הטיפול ולא נענינו."),
    ),
}

RESOLUTIONS = {
    "en": ("A technician changed the seal.", "We sent the missing bags.", "We corrected the invoice."),
    "el": (
        "Ο τεχνικός άλλαξε την τσιμούχα.",
        "Στείλαμε τις σακούλες που έλειπαν.",
        "Διορθώσαμε το τιμολόγιο.",
    ),
    "ro": ("Tehnicianul a schimbat garnitura.", "Am trimis pungile lipsă.", "Am corectat factura."),
    "he": ("הטכנאי החליף את האטם.", "שלחנו את השקיות החסרות.", "תיקנו את החשבונית."),
}

CONTRACTS = {
    "en": {
        "supply": "Coffee supply",
        "service": "Service agreement",
        "maintenance": "Maintenance",
        "warranty": "Warranty",
    },
    "el": {
        "supply": "Προμήθεια καφέ",
        "service": "Συμφωνία εξυπηρέτησης",
        "maintenance": "Συντήρηση μηχανών",
        "warranty": "Επέκταση εγγύησης",
    },
    "ro": {
        "supply": "Furnizare de cafea",
        "service": "Acord de servicii",
        "maintenance": "Mentenanța aparatelor",
        "warranty": "Extinderea garanției",
    },
    "he": {
        "supply": "אספקת קפה",
        "service": "הסכם שירות",
        "maintenance": "תחזוקת מכונות",
        "warranty": "הרחבת אחריות",
    },
}

ACTIVITIES = {
    "en": {
        "call": (
            ("Call about the quote", "They will decide within the month."),
            ("Call about a delivery", ""),
        ),
        "visit": (("Visit to the shop", "Saw the kitchen: there is room for a second machine."),),
        "meeting": (("Meeting about next year", "Agreed on the volumes."),),
        "mail": (("Quote sent", "The quote with this year's prices."),),
        "chat": (("Question about an order", "Asked when the coffee arrives."),),
        "note": (("Prefers deliveries before nine", ""),),
        "task": (("Call back with a price", ""), ("Send the catalogue", "")),
    },
    "el": {
        "call": (
            ("Κλήση για την προσφορά", "Θα αποφασίσουν μέσα στον μήνα."),
            ("Κλήση για παράδοση", "Ζήτησαν παράδοση την Πέμπτη."),
            ("Ενημέρωση για νέες τιμές", "Ενδιαφέρονται για την ποικιλία Αιθιοπίας."),
        ),
        "visit": (
            ("Επίσκεψη στο κατάστημα", "Είδαμε τον χώρο· χωράει και δεύτερη μηχανή."),
            ("Δοκιμή καφέ στον χώρο τους", "Προτίμησαν το σκούρο χαρμάνι."),
        ),
        "meeting": (("Συνάντηση για τη νέα χρονιά", "Συμφωνήσαμε στις ποσότητες."),),
        "mail": (("Αποστολή προσφοράς", "Η προσφορά με τις φετινές τιμές."), ("Αποστολή τιμοκαταλόγου", "")),
        "chat": (("Ερώτηση για παραγγελία", "Ρώτησαν πότε έρχεται ο καφές."),),
        "note": (("Προτιμά παραδόσεις πριν από τις εννέα", ""), ("Ανοίγει δεύτερο κατάστημα την άνοιξη", "")),
        "task": (("Να καλέσουμε με τιμή", ""), ("Να στείλουμε κατάλογο", "")),
    },
    "ro": {
        "call": (
            ("Apel despre ofertă", "Vor decide luna aceasta."),
            ("Apel despre livrare", "Au cerut livrare joi."),
            ("Informare despre prețurile noi", "Îi interesează sortimentul din Etiopia."),
        ),
        "visit": (
            ("Vizită la magazin", "Am văzut spațiul; este loc pentru al doilea aparat."),
            ("Degustare la sediul lor", "Au preferat amestecul intens."),
        ),
        "meeting": (("Întâlnire pentru anul viitor", "Am stabilit cantitățile."),),
        "mail": (("Ofertă trimisă", "Oferta cu prețurile de anul acesta."), ("Listă de prețuri trimisă", "")),
        "chat": (("Întrebare despre o comandă", "Au întrebat când sosește cafeaua."),),
        "note": (
            ("Preferă livrări înainte de ora nouă", ""),
            ("Deschide al doilea magazin în primăvară", ""),
        ),
        "task": (("De sunat cu un preț", ""), ("De trimis catalogul", "")),
    },
    "he": {
        "call": (
            ("שיחה על ההצעה", "יחליטו במהלך החודש."),
            ("שיחה על משלוח", "ביקשו משלוח ביום חמישי."),
            ("עדכון על מחירים חדשים", "מתעניינים בזן מאתיופיה."),
        ),
        "visit": (
            ("ביקור בחנות", "ראינו את המקום; יש מקום למכונה נוספת."),
            ("טעימת קפה אצלם", "העדיפו את התערובת הכהה."),
        ),
        "meeting": (("פגישה לקראת השנה הבאה", "סיכמנו את הכמויות."),),
        "mail": (("נשלחה הצעת מחיר", "ההצעה עם המחירים של השנה."), ("נשלח מחירון", "")),
        "chat": (("שאלה על הזמנה", "שאלו מתי מגיע הקפה."),),
        "note": (("מעדיפים משלוח לפני תשע בבוקר", ""), ("פותחים סניף שני באביב", "")),
        "task": (("לחזור עם מחיר", ""), ("לשלוח קטלוג", "")),
    },
}

POSITIONS = {
    "en": ("Owner", "Purchasing manager", "Kitchen manager"),
    "el": ("Ιδιοκτησία", "Προμήθειες", "Κουζίνα", "Διεύθυνση", "Λογιστήριο"),
    "ro": ("Proprietar", "Responsabil achiziții", "Șef bucătărie", "Director", "Contabilitate"),
    "he": ("בעלים", "רכש", "מטבח", "הנהלה", "הנהלת חשבונות"),
}

PRODUCTS = (
    ("ESP-2", "Espresso machine Aroma 2", "machine", 4800, 3100, 24),
    ("ESP-3", "Espresso machine Aroma 3", "machine", 6900, 4400, 24),
    ("AUT-1", "Bean-to-cup machine Nova", "machine", 2900, 1900, 24),
    ("GRD-1", "Grinder Mola 64", "machine", 890, 540, 24),
    ("GRD-2", "Grinder Mola 83", "machine", 1450, 900, 24),
    ("FLT-1", "Water filter", "supplies", 95, 48, 6),
    ("CUP-1", "Cups, box of 12", "supplies", 54, 22, 0),
    ("CLN-1", "Cleaning powder, 1 kg", "supplies", 19, 8, 0),
    ("COF-1", "Coffee Espresso dark, 6 kg", "supplies", 126, 78, 0),
    ("COF-2", "Coffee Ethiopia, 6 kg", "supplies", 168, 102, 0),
    ("COF-3", "Coffee decaffeinated, 6 kg", "supplies", 138, 88, 0),
    ("APP-1", "Remote monitoring, one year", "software", 240, 40, 0),
    ("SRV-1", "Maintenance visit", "service", 120, 65, 3),
    ("SRV-2", "Barista training, one day", "service", 390, 180, 0),
)
"""Code, name, category, price, cost in euro, months of warranty."""

CAMPAIGNS = (
    ("Φθινοπωρινή καμπάνια ξενοδοχείων", "ended", ("phone", "email"), 520, 430, 4000),
    ("Horeca Expo București", "ended", ("direct", "fair"), 330, 327, 9000),
    ("קמפיין משרדים", "running", ("email", "social"), 160, -30, 6000),
    ("Winter coffee corner", "running", ("email", "website"), 60, -60, 3500),
    ("Telefonic: foști clienți", "running", ("phone",), 530, -40, 2500),
    ("Άνοιξη: νέα καταστήματα", "planned", ("sms", "social"), -40, -100, 5000),
)
"""Name, status, channels, days since the start and the end (negative: ahead), budget in euro."""

COMPETITORS = ("Kaffa Direct", "Moka Express", "BaristaPro", "Crema Group")
