"""Requests for feeds: polite, bounded, each in its feed's own manner."""
