"""The ledger program as clients see it: IDL, bindings, addresses, calls, and the built ``.so``.

``choir.idl.json`` is the one source of names, codes, layouts and events.  `bindings` is
generated from it (``python -m choir_model.program.generate``), and so are the Rust
constants in ``programs/choir``.
"""
