"""From records to canonical Parquet tables, with digests that say what the rows are."""

from perito.tables.build import build_tables, listed_items
from perito.tables.tableset import TableSet, copy_tables, open_tables, write_tables

__all__ = ["TableSet", "build_tables", "copy_tables", "listed_items", "open_tables", "write_tables"]
