"""How the rows of a page are read, screened and cut into chunks."""
