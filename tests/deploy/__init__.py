"""The files of ``docs/operations/deploy``: what they name exists, and what they promise fits the product."""
