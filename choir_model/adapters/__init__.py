"""Adapters: real engines behind the ports.  They translate and observe, and assert nothing."""
