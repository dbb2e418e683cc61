-- One customer's prediction for a caller with a deadline: the current one, the last known good,
-- the contract's default, or the advice to skip the action; always with the reason.
-- STABLE, so that all it reads comes from one snapshot: never the state of one run and the
-- prediction of another.
create or replace function serving.lookup_prediction(
    product text, customer_id text, usage_context text
) returns serving.prediction
language plpgsql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set datestyle = 'ISO'
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    caller text := serving_data.caller();
    wanted text;
    served record;
    found_prediction record;
    answer serving.prediction;
begin
    select
        entitlements.role,
        entitlements.withheld_columns,
        marts.relation,
        marts.output,
        marts.version,
        marts.current_run,
        states.as_of,
        states.action_policy,
        states.default_score,
        runs.model_version,
        judged.*
    into served
    from pg_roles
    inner join serving_data.entitlements
        on pg_has_role(pg_roles.oid, entitlements.role_oid, 'usage')
    inner join serving_data.marts
        on entitlements.output = marts.output and entitlements.version = marts.version
    -- None before the first publication: then nothing is known, and the answer is to skip.
    left join serving_data.product_states as states on marts.product = states.product
    left join serving_data.runs on marts.current_run = runs.run_number
    cross join lateral serving.judge(
        states.as_of, states.fresh_until, states.max_age_hours,
        coalesce(states.newer_run_failed, false),
        states.incident_reason, states.pending_responses,
        statement_timestamp() at time zone 'utc'
    ) as judged
    where
        pg_roles.rolname = caller
        and not pg_roles.rolsuper
        and marts.kind = 'current'
        and marts.product = lookup_prediction.product
        and entitlements.usage_context = lookup_prediction.usage_context
        and (
            entitlements.valid_until is null
            or entitlements.valid_until >= cast(clock_timestamp() at time zone 'utc' as date)
        )
    order by marts.version desc, cardinality(entitlements.withheld_columns), entitlements.role
    limit 1;

    if served.relation is null or serving_data.is_outdated() then
        select min(marts.output) into wanted from serving_data.marts
        where marts.product = lookup_prediction.product and marts.kind = 'current';
        raise exception using
            errcode = 'insufficient_privilege',
            message = serving_data.refusal(
                caller, coalesce(wanted, lookup_prediction.product, 'null'), null, null,
                lookup_prediction.usage_context, true
            );
    end if;

    answer.product := lookup_prediction.product;
    answer.customer_id := lookup_prediction.customer_id;
    answer.as_of := served.as_of;
    answer.age_hours := served.age_hours;
    answer.freshness := served.freshness;

    if served.action_allowed or served.action_policy = 'last_known_good' then
        select * into found_prediction from serving_data.find_prediction(
            served.relation, served.current_run, lookup_prediction.customer_id
        );
    else
        select null::double precision as score, null::text as label, null::text as prediction_id,
            false as is_found
        into found_prediction;
    end if;

    if found_prediction.is_found then
        answer.outcome := case when served.action_allowed then served.served_as else 'last_known_good' end;
        answer.score := found_prediction.score;
        answer.label := found_prediction.label;
        answer.prediction_id := found_prediction.prediction_id;
        answer.model_version := served.model_version;
        answer.action_allowed := served.action_allowed;
        answer.reason := case
            when not served.action_allowed then served.action_blocked_reason
            when served.served_as = 'current' then 'This is the current prediction.'
            else 'A newer run is due or came to nothing; this is the last known good prediction.'
        end;
    else
        answer.action_allowed := false;
        answer.reason := coalesce(
            served.action_blocked_reason, 'The customer has no prediction in the run that is served.'
        );
        if served.action_policy = 'default_score' then
            answer.outcome := 'default';
            answer.score := served.default_score;
        else
            answer.outcome := 'skip';
        end if;
    end if;

    if cardinality(served.withheld_columns) > 0 then
        answer := jsonb_populate_record(
            answer,
            (
                select jsonb_object_agg(withheld, null)
                from unnest(served.withheld_columns) as withheld
                where withheld in (
                    'score', 'label', 'as_of', 'age_hours', 'model_version', 'prediction_id', 'freshness'
                )
            )
        );
    end if;

    perform serving_data.record_decision(jsonb_build_object(
        'role', served.role, 'output', served.output, 'version', served.version,
        'context', lookup_prediction.usage_context, 'allowed', true, 'lookup', true,
        'reason', null, 'outcome', answer.outcome
    ));
    return answer;
end
$$;
