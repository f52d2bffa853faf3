"""What people do with the list of feeds: change it, check it, discover more."""
