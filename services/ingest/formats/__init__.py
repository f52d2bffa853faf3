"""Feed documents, in every form that the web has them, to entries."""
