"""Dated versions of rates, risk, taxes, rebates and the product catalogue."""
