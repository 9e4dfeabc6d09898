"""A deal as it is stored and sent: its terms and trades, its customer, its offers, its states."""
