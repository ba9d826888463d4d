"""Shows how one value came about: what each step made of it, and why it did not arrive."""
