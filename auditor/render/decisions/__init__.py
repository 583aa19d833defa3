"""Comparisons and decisions in every form: for people, for build servers and for programs."""
