"""Names of menu groups as `menu:` in shipped documents says them; a word of an admin's own shows as it is written."""

from crm.texts import N_

MENU_TEXTS = (
    N_("Sales"),
    N_("Service"),
    N_("Marketing"),
    N_("Data"),
)
