{#- Fails for every value that occurs more than once within one run. -#}
{% test unique_per_run(model, column_name) %}
select
    run_id,
    {{ column_name }}
from {{ model }}
group by run_id, {{ column_name }}
having count(*) > 1
{% endtest %}
