"""The platform as one person sees it: its pools, settings and operations, their rights, and what happened last.

Each overview brings together the catalog, the access tables, the ledger and the systems in which the things live.
"""
