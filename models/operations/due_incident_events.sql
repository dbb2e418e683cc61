-- What the hooks add to incident_events now; see macros/operations/incidents.sql.
{{ due_incident_events(ref('incident_reviews')) }}
