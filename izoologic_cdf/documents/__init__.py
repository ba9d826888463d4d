"""The parts of the documents that are written by a program, so that they cannot rot.

A document is written by hand; a block between `<!-- generated: NAME -->` and `<!-- end -->` is
made from the definitions, the code, the fixtures or a measured run. `catalog` says which names
there are, `blocks` puts texts into documents, `python -m izoologic_cdf.documents` does it.
"""
