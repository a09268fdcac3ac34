"""Names of menu groups as `menu:` in shipped documents says them; a word of an admin's own shows as it is written."""

from crm.texts import NP_

MENU_TEXTS = (
    NP_("menu", "Sales"),
    NP_("menu", "Service"),
    NP_("menu", "Marketing"),
    NP_("menu", "Data"),
)
