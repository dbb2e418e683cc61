{#- Fails where more than the given share of the rows has no value. -#}
{% test null_rate_below(model, column_name, maximum) %}
select
    count(*) as row_count,
    count(*) - count({{ column_name }}) as nulls
from {{ model }}
having count(*) - count({{ column_name }}) > {{ maximum }} * count(*)
{% endtest %}
