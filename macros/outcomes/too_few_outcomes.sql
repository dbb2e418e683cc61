{% macro too_few_outcomes(fewest) -%}
    case
        when labels_known < {{ fewest }}
            then 'the outcomes of ' || labels_known || ' customers are known, and of fewer than {{ fewest }} this differs by chance'
    end
{%- endmacro %}
