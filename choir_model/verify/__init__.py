"""``choir verify``: a conversation told once to the reference and to the real stores.

A conversation log (`choir_model.verify.log`) says who said what, who voted how, and what
must be refused; :mod:`choir_model.verify.commands` is the vocabulary it is written in.
"""
