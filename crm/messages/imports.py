"""Sentences of the area: imports."""

from crm.texts import N_

MESSAGES = {
    "import.unknown_kind": N_(
        "“%(extension)s” files can't be imported. Save the file as .xlsx, .xls, .xlsb, .ods or .csv."
    ),
    "import.password": N_("The file is password-protected. Remove the password and try again."),
    "import.corrupt": N_(
        "This file can't be read as a spreadsheet or text. Open it in your spreadsheet "
        "program and save it again."
    ),
    "import.unsafe": N_(
        "The file declares XML entities, which no spreadsheet program writes. Save it again "
        "in a spreadsheet program."
    ),
    "import.empty": N_("The file has no visible sheet with data. Check it and upload it again."),
    "import.header_only": N_(
        "The sheet has a header row but no rows below it. Add rows and upload it again."
    ),
    "import.too_large": N_("The file is larger than %(limit)s MB. Split it."),
    "import.unpacks_too_large": N_("The file contains more than %(limit)s MB. Split it or save it again."),
    "import.too_slow": N_("Reading the file took too long. Split it or save it again."),
    "import.too_much_memory": N_("Reading the file needs more memory than is allowed. Split it."),
    "import.too_many_rows": N_("The sheet has too many rows. Limit: %(limit)s. Split it."),
    "import.too_many_columns": N_(
        "The sheet has too many columns. Limit: %(limit)s. Remove those you don't need."
    ),
    "import.no_such_sheet": N_("There is no sheet “%(sheet)s” in the file."),
    "import.no_such_row": N_("Row %(row)s is empty. Choose another header row."),
    "import.bad_matching": N_("Some columns are not matched correctly. Correct them below."),
    "import.unknown_column": N_("The sheet has no column “%(header)s”."),
    "import.unknown_field": N_("There is no field “%(name)s”."),
    "import.unknown_field_near": N_("There is no field “%(name)s”. Did you mean “%(near)s”?"),
    "import.unknown_entity": N_(
        "Can't import into “%(name)s”: it doesn't exist or you don't have permission to import."
    ),
    "import.unknown_mode": N_("“%(name)s” is not an import mode. Use create, update or upsert."),
    "import.nothing_matched": N_("No column is matched to a field. Match at least one."),
    "import.field_not_importable": N_(
        "Column “%(header)s”: files can't be imported. Upload them in the form of the record."
    ),
    "import.field_not_allowed": N_(
        "Nothing was imported: you can't edit the field of the column “%(header)s”. Don't import this column."
    ),
    "import.field_twice": N_(
        "The columns “%(first)s” and “%(second)s” are matched to the same field. Change one of them."
    ),
    "import.key_not_matched": N_(
        "No column is matched to “%(name)s”, which is used to find existing records. Match one."
    ),
    "import.no_key": N_("Choose a field to find existing records by."),
    "import.no_such_batch": N_("There is no import %(id)s."),
    "import.wrong_state": N_("This isn't possible now. Reload the page to see the progress of the import."),
    "import.no_such_record": N_(
        "Not found in “%(entity)s”: “%(value)s”. Check the spelling or create it first."
    ),
    "import.several_records": N_(
        "Several records of “%(entity)s” are called “%(value)s” (%(count)s). Use their record number."
    ),
    "import.no_such_user": N_("No single user matches “%(value)s”. Enter the user name."),
    "import.no_record_number": N_("“%(value)s” is not a record number."),
    "import.key_twice": N_("Row %(row)s already updates this record."),
    "import.looks_same": N_(
        "Possible duplicates found (%(entity)s). To update them, find existing records by these fields."
    ),
    "import.twice_in_file": N_("Row %(row)s already has this value, and the field is unique."),
    "import.changed_since": N_("“%(label)s” was edited after the preview. The row was skipped."),
    "import.field_gone": N_("The field “%(label)s” was removed during the import. The row was skipped."),
    "import.same_file": N_(
        "This file was already imported: import %(id)s. Importing it again can create duplicates."
    ),
    "import.dates_two_ways": N_(
        "The dates in “%(header)s” are ambiguous. They are read as day before month."
    ),
    "import.numbers_two_ways": N_(
        "The numbers in “%(header)s” are ambiguous, such as 1.234. They are read in the "
        "format of your language."
    ),
    "import.header_twice": N_("Several columns have the header “%(header)s”. Only the first one is matched."),
    "import.stray_quote": N_(
        "A quotation mark opens a cell here and isn't closed. Remove it, or write it twice."
    ),
    "import.long_cell": N_(
        "A quotation mark joins lines of the file into one cell (lines: %(lines)s). Check "
        "that no rows are lost in it."
    ),
    "import.long_cells": N_(
        "Quotation marks join many lines of the file into one cell. Rows: %(count)s "
        "(%(rows)s). Check before importing that no rows are lost in them."
    ),
    "import.say_long_cells": N_(
        "Some cells span many lines of the file. Confirm that they are correct "
        "(“long_cells”), or correct the file."
    ),
    "import.too_few_cells": N_("The row doesn't match the header. Cells: %(count)s. Columns: %(columns)s."),
    "import.too_many_cells": N_(
        "The row has more cells than the header. Cells: %(count)s. Columns: %(columns)s."
    ),
    "import.broken_letters": N_(
        "Some letters in this row are damaged: they aren't UTF-8. Choose another encoding."
    ),
    "import.characters_dropped": N_(
        "“%(header)s”: control characters and direction marks were removed. Rows: %(count)s (%(rows)s)."
    ),
    "import.blanks_dropped": N_(
        "“%(header)s”: spaces at the beginning or end were removed. Rows: %(count)s (%(rows)s)."
    ),
    "import.encoding_guessed": N_(
        "The encoding %(encoding)s is a guess. Check the letters. Rows: %(count)s (%(rows)s)."
    ),
    "import.columns_left_out": N_("These columns are not imported: %(headers)s."),
    "import.cells_beyond": N_("Cells beyond the last header were skipped. Rows: %(count)s (%(rows)s)."),
    "import.cell_error": N_("“%(label)s”: the spreadsheet shows the error %(value)s."),
    "import.formula_without_result": N_(
        "“%(label)s”: the file doesn't contain the result of the formula. Open it in your "
        "spreadsheet program and save it."
    ),
    "import.digits_lost": N_(
        "“%(label)s”: a spreadsheet keeps only 15 digits of a number. Format the column as "
        "text and enter the number again."
    ),
    "import.unknown_format": N_(
        "“%(label)s”: the number format “%(shape)s” can't be read. Format the column as text."
    ),
    "import.cut_text": N_(
        "“%(label)s”: the export shortened this text because it doesn't fit into a cell. Use "
        "the .csv file to edit it."
    ),
    "import.may_only_read": N_("“%(label)s” is read-only for you."),
    "import.no_file": N_("Choose a file first."),
    "import.may_not": N_("You don't have permission to import. Ask an administrator."),
    "import.no_problem_file": N_("There is no file of errors: no row of the import has errors."),
    "import.unknown_option": N_("There is no option “%(name)s”. Use one of: %(known)s."),
    "import.bad_options": N_("The options of the import can't be read. Check them."),
    "import.bad_option": N_("The option “%(name)s” cannot be “%(value)s”. Accepted: %(expected)s."),
    "import.no_delimiter": N_(
        "“%(value)s” can't be the delimiter. Enter one character that is not a letter or digit."
    ),
    "import.header_twice_unsaid": N_(
        "Several columns have the header “%(header)s”: %(letters)s. Use the letter of the column."
    ),
    "import.no_reader": N_("Files can't be read at the moment. Try again in a minute."),
    "import.encoding": N_("The file can't be read as “%(encoding)s”. Choose another encoding."),
}
