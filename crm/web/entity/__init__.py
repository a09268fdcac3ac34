"""The pages of one entity's records: list, board, record, form."""
