"""Dated versions of rates, risk, taxes, rebates, state limits and the product catalogue."""
