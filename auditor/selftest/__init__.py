"""The auditor audited: what it promises, against truth that was planted."""
