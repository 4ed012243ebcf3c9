"""Events folded into rows: idempotent, and the same whatever the order of arrival."""
