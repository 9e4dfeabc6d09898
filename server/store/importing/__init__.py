"""Import of a dealer's inventory file: ``columns`` reads the header, ``parsing`` a row, ``load`` moves."""

from server.store.importing.columns import FIELDS, ImportFailed, parse_mapping
from server.store.importing.load import ImportSummary, import_inventory

__all__ = ["FIELDS", "ImportFailed", "ImportSummary", "import_inventory", "parse_mapping"]
