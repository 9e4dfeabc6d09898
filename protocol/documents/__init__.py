"""The vocabulary as documents for other programs: OpenAPI 3.1 and AsyncAPI 3."""
