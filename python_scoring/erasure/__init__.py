"""`erase`: a person goes from everything that the project keeps, and a tombstone stays.

| module | |
|---|---|
| `people` | whose rows: ids, and how a text names one |
| `raw_files` | the raw copies |
| `tables` | rows and texts in the tables of the lake and the working set |
| `event_files` | lineage events, in whose messages a name may stand |
| `lake_files`, `working_set` | files and catalog, which keep what is deleted from a table |
| `served` | the serving database |
| `inputs` | what the recorded inputs of snapshots lose |
| `inventory` | what holds the person, counted before anything is touched |
| `tombstone`, `begun` | what stays: the record of the erasure, and of one that was cut off |
| `remains` | the search through every file, at the end |
| `command` | the order of these steps |
"""
