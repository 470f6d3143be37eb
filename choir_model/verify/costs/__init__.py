"""What the ledger program costs, measured: ``python -m choir_model.verify.costs``."""
