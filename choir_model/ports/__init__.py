"""Ports: what a ledger, a content store and an embedder must offer, as values and protocols."""
