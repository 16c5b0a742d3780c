"""Advisors: each finds one kind of what makes no sense only in the light of other documents. One file each."""
