-- What a jurisdiction taxes of a lease, when, and whether cap reduction and upfront fees are taxed too (null: the
-- usual of the method).
CREATE TYPE lease_tax_method AS ENUM ('payment', 'upfront', 'price');
ALTER TABLE tax_rules
    ADD COLUMN lease_method lease_tax_method NOT NULL DEFAULT 'payment',
    ADD COLUMN lease_capitalised boolean NOT NULL DEFAULT false,
    ADD COLUMN lease_reduction_taxed boolean;
