"""What people want polled: the rules, credentials and lists of feeds that the command line and the API share."""
