-- Who may read what, in which context. Every decision is one line of the server's log, written
-- before the error is raised: whoever catches the error cannot keep it out of the log.
--
-- A caller chooses the text of statements, the settings of the session and what happens around a
-- call. So settings that change a text are pinned on each function, and a line is known by its mark.

-- Writes a line to the log with a mark, an HMAC that only the owner of the key can make. What logs
-- runs in no parallel worker, whose lines name no user; the mark tells whose they are all the same.
create or replace function serving_data.log_marked(prefix text, content jsonb) returns void
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
declare
    line text := content || jsonb_build_object(
        'id', gen_random_uuid(), 'pid', pg_backend_pid(), 'at', extract(epoch from clock_timestamp())
    );
    secret bytea;
begin
    select log_key.key into strict secret from serving_data.log_key;
    raise log '% % %',
        prefix, line, encode(sha256(secret || sha256(secret || convert_to(line, 'UTF8'))), 'hex');
end
$$;

-- Logs a decision. Where the operator has the server count calls of functions (0_operator.sql), its
-- count of this one is a second record of how many there were: no reader can change it, and each
-- build compares the log with it.
create or replace function serving_data.record_decision(decision jsonb) returns void
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
begin
    perform serving_data.log_marked('serving access', decision || jsonb_build_object(
        'counted', current_setting('track_functions') in ('pl', 'all')
    ));
end
$$;
drop function if exists serving_data.log_decision(jsonb);

-- A line that a build writes and must find again in the log, to know that it is written to.
create or replace function serving_data.log_canary() returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
declare
    canary text := gen_random_uuid();
begin
    perform serving_data.log_marked('serving canary', jsonb_build_object('canary', canary));
    return canary;
end
$$;

-- Who reads: the one who is logged in, or has been taken by SET ROLE. Unlike current_user it is the
-- same inside another owner's view or function.
create or replace function serving_data.caller() returns text
language sql stable parallel safe
return coalesce(nullif(current_setting('role'), 'none'), session_user);

-- Whether the snapshot is older than the last change that took an entitlement or a run away: that of
-- a transaction in repeatable read, and that of a cursor or a statement that has begun before.
create or replace function serving_data.is_outdated() returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
begin
    return (select number from serving_data.last_revocation)
        < (select last_value from serving_data.revocations);
end
$$;

-- Logs that a read is refused, and returns why. The caller raises it: a short error context.
-- A column is named where all but that was allowed. Before 0.2 nobody named one.
drop function if exists serving_data.refusal(text, text, integer, text, boolean);
create or replace function serving_data.refusal(
    caller text, wanted_output text, wanted_version integer, wanted_column text, context text,
    is_lookup boolean
) returns text
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set datestyle = 'ISO'
as $$
#variable_conflict use_column
declare
    wanted text := wanted_output || coalesce(' v' || wanted_version, '');
    known_roles text[];
    subject text;
    reason text;
    remedy text;
    entitled text;
    ended_on date;
begin
    select array_agg(consumers.role order by consumers.role) into known_roles
    from serving_data.consumers
    inner join pg_roles on pg_roles.rolname = caller and not pg_roles.rolsuper
    where pg_has_role(pg_roles.oid, consumers.role_oid, 'usage');
    subject := coalesce(array_to_string(known_roles, ', '), caller);

    if wanted_column is not null then
        reason := format(
            '%s is not entitled to the column %s of %s',
            caller, quote_literal(wanted_column), wanted
        );
        remedy := 'name the columns that you read, or change withheld_columns of the exposure and'
            ' publish again';
    elsif known_roles is null then
        reason := format('%s is no consumer', caller);
        remedy := 'connect with a login that is a member of a consumer''s role';
    elsif serving_data.is_outdated() then
        reason := 'what may be read has changed since this read began';
        remedy := 'begin a new transaction';
    elsif not exists (
        select from serving_data.entitlements
        where role = any (known_roles) and output = wanted_output
    ) then
        reason := format('%s is not entitled to the output %s', subject, left(wanted_output, 100));
        remedy := 'name it under meta.access of the exposure and publish again';
    elsif wanted_version is not null and not exists (
        select from serving_data.entitlements
        where role = any (known_roles) and output = wanted_output and version = wanted_version
    ) then
        select string_agg(distinct 'v' || version, ', ') into entitled
        from serving_data.entitlements
        where role = any (known_roles) and output = wanted_output;
        reason := format('%s is not entitled to %s', subject, wanted);
        remedy := format('read %s, or change the exposure and publish again', entitled);
    else
        select
            string_agg(distinct quote_literal(usage_context), ', '),
            max(valid_until) filter (
                where
                    usage_context = context
                    and valid_until < cast(clock_timestamp() at time zone 'utc' as date)
            )
        into entitled, ended_on
        from serving_data.entitlements
        where
            role = any (known_roles)
            and output = wanted_output
            and (wanted_version is null or version = wanted_version);
        if coalesce(context, '') = '' then
            reason := format('no usage context was stated for %s', wanted);
            remedy := format('set serving.usage_context to one of %s', entitled);
        elsif ended_on is null then
            reason := format(
                '%s is not entitled to %s in the usage context %s',
                subject, wanted, quote_literal(left(context, 100))
            );
            remedy := format('state one of %s, or change the exposure and publish again', entitled);
        else
            reason := format(
                'the entitlement of %s to %s in the usage context %s ended on %s',
                subject, wanted, quote_literal(left(context, 100)), ended_on
            );
            remedy := 'ask the product''s owner to renew valid_until in the exposure';
        end if;
    end if;

    perform serving_data.record_decision(jsonb_build_object(
        'role', case when cardinality(known_roles) = 1 then known_roles[1] else caller end,
        'output', left(wanted_output, 100), 'version', wanted_version, 'context', left(context, 100),
        'allowed', false, 'lookup', is_lookup, 'reason', reason
    ));
    return format('access denied: %s; %s', reason, remedy);
end
$$;

-- The entitlement by which the caller may read an output in the context it states now: the
-- consumer's role, and the instant at which it ends. No row where there is none.
create or replace function serving_data.entitlement(
    wanted_output text, wanted_version integer, out consumer text, out ends_at timestamptz
)
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set datestyle = 'ISO'
as $$
#variable_conflict use_column
begin
    select
        entitlements.role,
        coalesce(
            cast(entitlements.valid_until + 1 as timestamp) at time zone 'utc',
            cast('infinity' as timestamptz)
        )
    into consumer, ends_at
    from pg_roles
    inner join serving_data.entitlements
        on pg_has_role(pg_roles.oid, entitlements.role_oid, 'usage')
    where
        pg_roles.rolname = serving_data.caller()
        and not pg_roles.rolsuper  -- who is a member of every role, and entitled by nobody
        and entitlements.output = wanted_output
        and entitlements.version = wanted_version
        and entitlements.usage_context = current_setting('serving.usage_context', true)
        and (
            entitlements.valid_until is null
            or entitlements.valid_until >= cast(clock_timestamp() at time zone 'utc' as date)
        )
    order by entitlements.valid_until desc nulls first, entitlements.role
    limit 1;
    if serving_data.is_outdated() then
        consumer := null;
        ends_at := null;
    end if;
end
$$;

-- Logs the caller's read as allowed, or logs its denial and raises it.
create or replace function serving_data.decide(
    wanted_output text, wanted_version integer, consumer text, is_planned boolean
) returns boolean
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
declare
    context text := current_setting('serving.usage_context', true);
begin
    if consumer is null then
        raise exception using
            errcode = 'insufficient_privilege',
            message = serving_data.refusal(
                serving_data.caller(), wanted_output, wanted_version, null, context, false
            );
    end if;
    perform serving_data.record_decision(jsonb_build_object(
        'role', consumer, 'output', wanted_output, 'version', wanted_version, 'context', context,
        'allowed', true, 'lookup', false, 'reason', null, 'planned', is_planned
    ));
    return true;
end
$$;

-- Three checks stand in the WHERE of every view. They check when a statement is planned, when it
-- begins, and while it goes on.

-- The planner calls an immutable function of constants itself, before it estimates anything: so
-- EXPLAIN, which runs nothing, shows its estimates to nobody who may not read. It is not immutable
-- at all, and a plan may be older than what holds now: nothing but plans rests on it.
create or replace function serving.authorize_plan(output text, version integer) returns boolean
language plpgsql immutable parallel safe security definer
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
begin
    return serving_data.decide(
        output, version, (serving_data.entitlement(output, version)).consumer, true
    );
end
$$;

-- As a subquery: once per read, before any row.
create or replace function serving.authorize(output text, version integer) returns boolean
language plpgsql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
begin
    return serving_data.decide(
        output, version, (serving_data.entitlement(output, version)).consumer, false
    );
end
$$;

-- The end of the entitlement, as a subquery of the next check: once per read that takes longer.
create or replace function serving.authorized_until(output text, version integer)
returns timestamptz
language plpgsql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
begin
    return (serving_data.entitlement(output, version)).ends_at;
end
$$;

-- For each row that a read comes to later than ten seconds after its first: a cursor that was
-- opened before the end of its entitlement goes on to no row after it.
create or replace function serving.authorize_row(output text, version integer, ends_at timestamptz)
returns boolean
language plpgsql stable parallel safe security definer cost 1
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
begin
    if clock_timestamp() < ends_at
        and (select number from serving_data.last_revocation)
            >= (select last_value from serving_data.revocations)
    then
        return true;
    end if;
    raise exception using
        errcode = 'insufficient_privilege',
        message = serving_data.refusal(
            serving_data.caller(), output, version, null,
            current_setting('serving.usage_context', true), false
        );
end
$$;

-- Stands around each column of a view that somebody may not read, as a subquery: once per read that
-- names the column. A privilege on the column would deny it too, but a denial by PostgreSQL that the
-- caller catches is in no log.
create or replace function serving.authorize_column(
    output text, version integer, column_name text
) returns boolean
language plpgsql stable parallel restricted security definer
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $$
#variable_conflict use_column
declare
    caller text := serving_data.caller();
begin
    if exists (
        select
        from pg_roles
        inner join serving_data.entitlements
            on pg_has_role(pg_roles.oid, entitlements.role_oid, 'usage')
        where
            pg_roles.rolname = caller
            and not pg_roles.rolsuper
            and entitlements.output = authorize_column.output
            and entitlements.version = authorize_column.version
        group by entitlements.role
        having not bool_or(authorize_column.column_name = any (entitlements.withheld_columns))
    ) then
        return true;
    end if;
    raise exception using
        errcode = 'insufficient_privilege',
        message = serving_data.refusal(
            caller, authorize_column.output, authorize_column.version,
            authorize_column.column_name, current_setting('serving.usage_context', true), false
        );
end
$$;
