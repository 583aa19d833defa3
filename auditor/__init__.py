"""Audits a language model for bias, hallucination and harmful output."""

__version__ = "0.2.0"
