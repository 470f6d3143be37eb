"""Ports: what the model asks of a store or a chain, whoever provides it.

A port is a `typing.Protocol` together with the values that cross it.  The reference and
every adapter of a real engine implement the same one, so that they can be driven with the
same commands and compared answer by answer.
"""
