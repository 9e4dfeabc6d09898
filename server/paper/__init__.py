"""What a customer takes home: figures, disclosures and their page, from stored pencils alone."""
