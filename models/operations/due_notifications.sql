-- What the hooks add to notification_messages now; see macros/operations/notifications.sql.
{{ due_notifications(ref('incident_reviews')) }}
