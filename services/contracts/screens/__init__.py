"""The screens ``/contracts/``: what the slices' pages share."""
