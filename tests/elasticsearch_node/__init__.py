"""A real Elasticsearch node for tests, made from its published jars."""
