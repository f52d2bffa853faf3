"""Dead letters in the hands of people: listed, looked at, sent again, dropped."""
