"""Proofs of RTL modules: rtl/*/formal/NAME.sby with the rules of module NAME, run by SymbiYosys (docs/formal.md)."""
