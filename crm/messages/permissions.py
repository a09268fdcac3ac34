"""Sentences of the area: permissions."""

from crm.texts import N_

MESSAGES = {
    "permissions.no_such_user": N_("There is no active user “%(name)s”."),
    "permissions.may_not_read": N_(
        "You may not see %(entity)s. Ask an administrator for the right to read them."
    ),
    "permissions.may_not_create": N_("You may not create %(entity)s. Ask an administrator for the right."),
    "permissions.may_not_update": N_(
        "You may not change this record of %(entity)s. Ask an administrator for the right."
    ),
    "permissions.may_not_delete": N_(
        "You may not delete this record of %(entity)s. Ask an administrator for the right."
    ),
    "permissions.may_not_import": N_("You may not import %(entity)s. Ask an administrator for the right."),
    "permissions.may_not_export": N_("You may not export %(entity)s. Ask an administrator for the right."),
    "permissions.hidden_field": N_("The field “%(field)s” is not open to you."),
    "permissions.read_only_field": N_("You may not change this field."),
    "permissions.may_not_configure": N_("Only administrators may change how the CRM is set up."),
    "permissions.log_in": N_("Please log in."),
}
