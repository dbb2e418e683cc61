{#- Fails where more than the given share of a source's rows is rejected: then the source is broken, and
    features built from what is left would be wrong. Sits above the features, and so stops them. -#}
{% test rejected_share_below(model, maximum) %}
select
    count(*) as row_count,
    sum(case when rejection_reason is not null then 1 else 0 end) as rejected_rows
from {{ model }}
having sum(case when rejection_reason is not null then 1 else 0 end) > {{ maximum }} * count(*)
{% endtest %}
