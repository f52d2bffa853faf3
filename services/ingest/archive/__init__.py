"""The import of old articles from files."""
