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
    "import.bad_matching": N_("The columns are not matched well."),
    "import.unknown_column": N_("The sheet has no column “%(header)s”."),
    "import.unknown_field": N_("There is no field “%(name)s”."),
    "import.unknown_field_near": N_("There is no field “%(name)s”. Did you mean “%(near)s”?"),
    "import.unknown_entity": N_("There is nothing called “%(name)s” to import into."),
    "import.unknown_mode": N_("“%(name)s” is no way to import. Use create, update or upsert."),
    "import.nothing_matched": N_("No column fills a field. Match at least one."),
    "import.field_not_importable": N_(
        "Column “%(header)s”: files cannot be imported. Upload them in the form of the record."
    ),
    "import.field_not_allowed": N_(
        "You may not fill the field of the column “%(header)s”. Nothing was imported."
    ),
    "import.field_twice": N_("The columns “%(first)s” and “%(second)s” fill the same field."),
    "import.key_not_matched": N_("No column fills “%(name)s”, by which existing records are to be found."),
    "import.no_key": N_("Say by which field existing records are to be found."),
    "import.no_such_batch": N_("There is no import %(id)s."),
    "import.wrong_state": N_("The import can't do this now. Reload the page to see how far it is."),
    "import.no_such_record": N_("No record of “%(entity)s” is called “%(value)s”."),
    "import.several_records": N_(
        "%(count)s records of “%(entity)s” are called “%(value)s”: it is not clear which."
    ),
    "import.no_such_user": N_("No user is called “%(value)s”, or several are."),
    "import.no_record_number": N_("“%(value)s” is no record number."),
    "import.key_twice": N_("Row %(row)s of the file already means the same record."),
    "import.looks_same": N_(
        "There are %(entity)s that look the same. Import by these fields to change them."
    ),
    "import.twice_in_file": N_("Row %(row)s of the file already has this value, which must be unique."),
    "import.changed_since": N_("Somebody changed “%(label)s” since the check. The row was left out."),
    "import.field_gone": N_(
        "The field “%(label)s” was removed while the import was running. The row was left out."
    ),
    "import.same_file": N_(
        "This file was imported before, as import %(id)s. Its records may be there twice."
    ),
    "import.dates_two_ways": N_(
        "The dates of “%(header)s” can be read two ways. They are read with the day before the month."
    ),
    "import.numbers_two_ways": N_(
        "The numbers of “%(header)s” can be read two ways, such as 1.234. They are read as your language writes them."
    ),
    "import.header_twice": N_(
        "The header “%(header)s” stands over several columns. Only the first one is matched."
    ),
    "import.stray_quote": N_(
        "A quotation mark opens a cell here and is not closed as it should be. Remove it, or write it twice."
    ),
    "import.long_cell": N_(
        "A quotation mark joins %(lines)s lines of the file into one cell, which may have swallowed other rows."
    ),
    "import.long_cells": N_(
        "Quotation marks join many lines of the file into one cell. Rows: %(count)s (%(rows)s). "
        "Other rows may have been swallowed. Look at them before anything is imported."
    ),
    "import.say_long_cells": N_(
        "Some cells reach over many lines of the file. Say that they are right (“long_cells”), or correct the file."
    ),
    "import.too_few_cells": N_("The row has %(count)s cells, but the header has %(columns)s columns."),
    "import.too_many_cells": N_("The row has %(count)s cells, but the header has only %(columns)s columns."),
    "import.broken_letters": N_("Some letters of the row are damaged: they are not written in UTF-8."),
    "import.characters_dropped": N_(
        "“%(header)s”: control characters and direction marks are left out. Rows: %(count)s (%(rows)s)."
    ),
    "import.blanks_dropped": N_(
        "“%(header)s”: blanks at the beginning or end are left out. Rows: %(count)s (%(rows)s)."
    ),
    "import.formats_unknown": N_(
        "“%(header)s”: files of this kind do not tell us number formats, so numbers arrive as plain digits. "
        "Rows: %(count)s (%(rows)s). Save the file as .xlsx to keep what you see."
    ),
    "import.encoding_guessed": N_(
        "The encoding %(encoding)s is a guess. Look at the letters. Rows: %(count)s (%(rows)s)."
    ),
    "import.columns_left_out": N_("These columns are not imported: %(headers)s."),
    "import.cells_beyond": N_("Cells beyond the last header are left out. Rows: %(count)s (%(rows)s)."),
    "import.cell_error": N_("“%(label)s”: the spreadsheet shows the error %(value)s."),
    "import.formula_without_result": N_(
        "“%(label)s”: the file does not hold the formula's result. Open it in your spreadsheet program and save it."
    ),
    "import.digits_lost": N_(
        "“%(label)s”: a spreadsheet keeps only 15 digits of a number, so the rest is lost. Format the column as text."
    ),
    "import.unknown_format": N_(
        "“%(label)s”: what the spreadsheet shows with the format “%(shape)s” cannot be told. Format the column as text."
    ),
    "import.cut_text": N_(
        "“%(label)s”: the export cut this text, because a workbook's cell cannot hold it. Use the .csv to change it."
    ),
    "import.may_only_read": N_("“%(label)s”: you may read this field, but not change it."),
    "import.no_file": N_("Choose a file first."),
    "import.may_not": N_("You may not import anything."),
    "import.no_problem_file": N_("The import refused no row, so there is no file of problems."),
    "import.unknown_option": N_("There is no option “%(name)s”. Known are: %(known)s."),
    "import.bad_options": N_("The options of the import make no sense."),
    "import.bad_option": N_("The option “%(name)s” cannot be “%(value)s”. Accepted: %(expected)s."),
    "import.no_delimiter": N_(
        "“%(value)s” cannot part columns. Type one character that is no letter or digit."
    ),
    "import.header_twice_unsaid": N_(
        "The header “%(header)s” stands over the columns %(letters)s. Say which one is meant, by its letters."
    ),
    "import.no_reader": N_("Files cannot be read at the moment. Try again in a minute."),
    "import.encoding": N_("The file cannot be read as “%(encoding)s”."),
}
