"""Dated versions of rates, risk, taxes and rebates."""
