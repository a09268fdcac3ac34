"""Sentences of the area: imports."""

from crm.texts import N_

MESSAGES = {
    "import.unknown_kind": N_(
        "Files that end in “%(extension)s” cannot be imported. Save it as .xlsx, .xls, .xlsb, .ods or .csv."
    ),
    "import.password": N_("The workbook is protected by a password. Remove the password and try again."),
    "import.corrupt": N_(
        "This is not a readable workbook or text file. Open it in your spreadsheet program and save it again."
    ),
    "import.unsafe": N_(
        "The file declares XML entities, which no spreadsheet program writes. It was not opened."
    ),
    "import.empty": N_("The file has no visible sheet with data."),
    "import.header_only": N_("The sheet holds a header but not a single row below it."),
    "import.too_large": N_("The file is larger than %(limit)s MB."),
    "import.unpacks_too_large": N_("The file unpacks to more than %(limit)s MB or is packed beyond reason."),
    "import.too_slow": N_("Reading the file took too long. Split it or save it again."),
    "import.too_much_memory": N_("Reading the file needs more memory than is allowed. Split it."),
    "import.too_many_rows": N_("The sheet has more than %(limit)s rows. Split it."),
    "import.too_many_columns": N_("The sheet has more than %(limit)s columns."),
    "import.no_such_sheet": N_("There is no sheet “%(sheet)s” in the file."),
    "import.no_such_row": N_("Row %(row)s is blank, so it cannot be the header."),
    "import.encoding": N_("The file cannot be read as “%(encoding)s”."),
}
