"""What a start says of a database that it cannot work on."""

from crm.texts import N_

MESSAGES = {
    "database.newer": N_(
        "A newer release has upgraded this database: it is at version %(found)s, and this release knows versions up to "
        "%(known)s. Start the newer release, or restore the backup that was made before the upgrade."
    ),
    "database.older": N_(
        "This database was not upgraded to %(known)s yet. Start the CRM, or run “flask crm upgrade”."
    ),
    "database.differs": N_("The tables of this database are not those of its release. Nothing was changed."),
    "database.no_value": N_(
        "Table %(table)s: “%(name)s” is missing or has gaps, and there is no value to fill in. Restore it from a "
        "backup, or give every row a value."
    ),
    "database.strange_column": N_(
        "Table %(table)s: the column “%(name)s” is unknown and can't be empty. Remove it, or "
        "give it a default value."
    ),
    "database.refused": N_(
        "The database didn't accept a change to its tables: %(reason)s. Nothing was changed. "
        "Correct the data, then try again."
    ),
}
