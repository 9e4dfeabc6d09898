"""The report of a calibration: a page that needs nothing else, and lines for a terminal."""
