"""File imports: a dealer's inventory, which is merged, and versioned tables, which are added whole.

Inventory: ``columns`` reads the header, ``parsing`` reads a row, ``load`` stores. Tables: ``layouts`` defines
the columns, ``amounts`` reads a cell, ``versioned`` checks and stores.
"""

from server.database.importing.columns import FIELDS, ImportFailed, parse_mapping
from server.database.importing.constants import parse_constants
from server.database.importing.contradictions import check_packages
from server.database.importing.layouts import (
    CATALOGUE,
    CURVES,
    LEASE_PROGRAMMES,
    PROGRAMMES,
    REBATE_PROGRAMMES,
    RULES,
    STATE_LIMITS,
)
from server.database.importing.load import ImportSummary, import_inventory
from server.database.importing.reading import UNPACKED_MIB
from server.database.importing.versioned import TABLE_MIB, Fault, TableRejected, import_table

__all__ = [
    "CATALOGUE",
    "CURVES",
    "FIELDS",
    "LEASE_PROGRAMMES",
    "PROGRAMMES",
    "REBATE_PROGRAMMES",
    "RULES",
    "STATE_LIMITS",
    "TABLE_MIB",
    "UNPACKED_MIB",
    "Fault",
    "ImportFailed",
    "ImportSummary",
    "TableRejected",
    "check_packages",
    "import_inventory",
    "import_table",
    "parse_constants",
    "parse_mapping",
]
