"""Integrity of a warehouse: whether its halves belong together, and its files are as written.

| module | |
|---|---|
| `paths` | the files of a warehouse |
| `record` | `lake/warehouse.json`: identity, progress and digest of the catalogue |
| `halves` | identity of the halves, checked and written when a process opens the warehouse |
| `catalogue` | atomic creation, seal and kept copy of `lake.sqlite` |
| `data_files` | digests of DuckLake's files, and their verification |
| `set_aside` | takes a damaged file out of the catalogue |
"""
