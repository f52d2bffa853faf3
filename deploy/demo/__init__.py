"""The demo behind `make run`: feeds that publish while one watches, and a receiver that verifies every webhook."""
