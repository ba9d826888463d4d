"""Makes the generated parts of the documents: `python -m tools.documents`."""
