-- What is owed after an incident, by whom and by when; judged overdue as it is read.
{{ review_duties(ref('incidents'), ref('prediction_contracts'), ref('incident_reviews'), current_utc_timestamp()) }}
