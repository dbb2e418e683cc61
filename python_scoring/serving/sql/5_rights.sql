-- PostgreSQL lets everybody execute a new function; access.py grants what is meant.
revoke all on all functions in schema serving, serving_data from public;
