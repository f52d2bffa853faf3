"""Kibana's data views, saved searches, map and dashboards, generated from the mappings and imported."""
