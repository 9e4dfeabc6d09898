"""The commands of ``deal-architect``, grouped by subject."""
