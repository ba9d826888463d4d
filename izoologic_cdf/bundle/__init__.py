"""From the authored definitions to what an administrator uploads.

Submodules, each building on those before: tree, native, emit, checklist, build; then
layout, archive and verify for the zip.
"""
