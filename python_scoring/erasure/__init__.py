"""`erase`: removes customers from everything that the project keeps, and leaves a tombstone.

| module | |
|---|---|
| `data_subjects` | the customers to erase: their ids, and how a text names one |
| `raw_files` | the raw copies |
| `tables` | rows and texts in the tables of the lake and the working set |
| `event_files` | lineage events, whose messages may contain a name |
| `lake_files`, `working_set` | files and catalog, which keep what is deleted from a table |
| `inputs` | what the recorded inputs of snapshots lose |
| `inventory` | what holds the customers, counted before anything is changed |
| `tombstone` | the record of an erasure |
| `checkpoint` | the state of an interrupted erasure, to resume it |
| `verification` | the search through every file, at the end |
| `command` | the order of these steps |

The serving database belongs to `python_scoring.serving`; its `customer_removal` does that part.
"""
