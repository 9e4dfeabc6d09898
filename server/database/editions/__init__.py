"""Dated versions of rates, risk, taxes, rebates and state limits."""
