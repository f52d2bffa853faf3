"""Articles' pages: whether they may be read, and the text in them."""
