-- What the hooks add to sla_records now; see macros/operations/sla.sql.
{{ due_sla_records() }}
