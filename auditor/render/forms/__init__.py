"""The report in every other form: for wikis, spreadsheets, programs and model cards."""
