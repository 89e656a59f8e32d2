"""Single faults planted in RTL and Python: which of them no test finds (docs/mutation.md)."""
