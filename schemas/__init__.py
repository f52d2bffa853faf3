"""The contract between the services: topics, messages, identity, codec. Imports nothing of the services."""
